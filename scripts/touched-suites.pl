#!/usr/bin/env perl
# Prints the test suites that changed files touch: touched-suites.pl PACKAGE TABLE <NAMES
# PACKAGE is what `swift package describe --type json` prints, TABLE is Tests/tiers.tsv, NAMES are
# those of files, a line each, from the top of the checkout, which is the working directory.
#
# A file of a test target touches the suites that it declares or extends; one that declares none is
# there for all suites of its target. A file of another target touches all suites of the test targets
# that are built from it, which for most sources includes those that run the program. A file of no
# target (README.md, scripts, man) touches the suites in whose files a string begins with the first
# part of its name.
use strict;
use warnings;
use JSON::PP;

die "usage: $0 PACKAGE TABLE <NAMES\n" if @ARGV != 2;
my %targets = map { $_->{name} => $_ } @{decode_json(content($ARGV[0]))->{targets}};
my %suites;    # those of each test target
for (grep { !/^#/ } split /\n/, content($ARGV[1])) {
  my ($target, $suite) = /^(\w+)\.(\w+)\t/ or die "$ARGV[1]: no suite in: $_\n";
  push @{$suites{$target}}, $suite;
}

my %touched;
while (my $file = <STDIN>) {
  chomp $file;
  my ($target) = grep { index($file, "$targets{$_}{path}/") == 0 } keys %targets;
  $touched{$_} = 1
    for !$target ? naming($file) : $suites{$target} ? declared($target, $file) : built_from($target);
}
print "$_\n" for sort keys %touched;

sub content {
  my ($name) = @_;
  open my $file, '<', $name or die "$name: $!\n";
  local $/;
  return scalar <$file>;
}

sub all_of {
  my ($target) = @_;
  return map { "$target.$_" } @{$suites{$target}};
}

# A file that has been removed declared nothing that is there any more.
sub declared {
  my ($target, $file) = @_;
  my $text = -e $file ? content($file) : '';
  my @declared = grep { $text =~ /\b(?:struct|class|actor|enum|extension) $_\b/ } @{$suites{$target}};
  return @declared ? map { "$target.$_" } @declared : all_of($target);
}

sub built_from {
  my ($changed) = @_;
  return map { all_of($_) } grep { depends($_, $changed) } keys %suites;
}

sub depends {
  my ($target, $on) = @_;
  return 1 if $target eq $on;
  return grep { depends($_, $on) } @{$targets{$target}{target_dependencies} // []};
}

sub naming {
  my ($name) = @_;
  my ($first) = split m{/}, $name;
  my @touched;
  for my $target (keys %suites) {
    for my $file (glob "$targets{$target}{path}/*.swift $targets{$target}{path}/*/*.swift") {
      push @touched, declared($target, $file) if content($file) =~ m{"\Q$first\E["/]};
    }
  }
  return @touched;
}
