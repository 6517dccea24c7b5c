#!/usr/bin/env perl
# Times xio beside the usual tools: bench.pl PROGRAM [DIRECTORY]
# Both run in turn, so that what else the machine does hits both; ratios are medians of pairs. The
# directory should be on a file system in memory, or the disk is what is measured.
use strict;
use warnings;
use Time::HiRes 'time';
use File::Temp 'tempdir';

my ($xio, $place) = @ARGV;
die "usage: bench.pl PROGRAM [DIRECTORY]\n" unless $xio && -x $xio;
my $directory = tempdir('xio-bench-XXXXXX', DIR => $place // '/dev/shm', CLEANUP => 1);
$xio = `realpath $xio`;
chomp $xio;
chdir $directory or die "$directory: $!\n";

sub run {
  my ($command) = @_;
  my $started = time;
  system('bash', '-c', $command) == 0 or die "failed: $command\n";
  return time - $started;
}

sub median {
  my @sorted = sort { $a <=> $b } @_;
  return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

print "preparing\n";
run('head -c 1K /dev/urandom > small; head -c 512M /dev/urandom > big');
run(q(perl -e 'printf "%07d %s\n", $_, "x" x 90 for 1..5000000' > lines));
run(q(mkdir tree && cd tree && perl -e 'for my $d (1..200) { mkdir "d$d";
  for (1..100) { open F, ">d$d/f$_"; print F "x" x (500 + $_ * 40); close F } }'));

my $clean = 'rm -rf copy; ';
my @jobs = (
  ['start-up: 300 times cat of 1 KiB', 300, 'cat small > /dev/null', 'XIO cat small > /dev/null'],
  ['cat of 512 MiB into a pipe', 1, 'cat big | tail -c 1 > /dev/null',
    'XIO cat big | tail -c 1 > /dev/null'],
  ['cat -n of 495 MB of lines', 1, 'cat -n lines > /dev/null', 'XIO cat -n lines > /dev/null'],
  ['tail -n 1000000 of the same', 1, 'tail -n 1000000 lines > /dev/null',
    'XIO tail -n 1000000 lines > /dev/null'],
  ['copy of 512 MiB', 1, 'cp big copy', 'XIO copy big copy'],
  ['copy -r of 20 000 small files', 1, 'cp -r tree copy', 'XIO copy -r tree copy'],
  ['copy -a of the same', 1, 'cp -a tree copy', 'XIO copy -a tree copy'],
  ['copy -a of the same, beside rsync', 1, 'rsync -a tree/ copy', 'XIO copy -a tree copy'],
);
printf "%-40s %10s %10s %7s   %s\n", 'job', 'usual', 'xio', 'ratio', 'range';
for my $job (@jobs) {
  my ($name, $times, $usual, $ours) = @$job;
  if ($usual =~ /^(\S+)/ && system("command -v $1 > /dev/null") != 0) {
    printf "%-40s %s is not installed\n", $name, $1;
    next;
  }
  $ours =~ s/XIO/$xio/;
  my $repeat = sub { $times > 1 ? "for i in {1..$times}; do $_[0]; done" : $_[0] };
  my (@usual, @ours);
  for (0 .. 5) {
    for my $side ($_ % 2 ? (0, 1) : (1, 0)) {
      run($clean);
      my $time = run($repeat->($side ? $ours : $usual));
      # The first pair warms up.
      next if $_ == 0;
      push @{$side ? \@ours : \@usual}, $time / $times;
    }
  }
  my @ratios = sort { $a <=> $b } map { $ours[$_] / $usual[$_] } 0 .. $#ours;
  printf "%-40s %7.2f ms %7.2f ms %7.2f   %.2f to %.2f\n", $name, 1000 * median(@usual),
    1000 * median(@ours), median(@ratios), $ratios[0], $ratios[-1];
}
run($clean);
