#!/usr/bin/env perl
# Holds and touches memory until only so many MiB of it are left: hold-memory.pl MIB
# It prints a line once that is so. When others need memory, it gives way; and if it is not in time,
# it is the first that the kernel ends.
use strict;
use warnings;

my $leave = shift // die "usage: $0 MIB\n";
my $block = 64;    # MiB, large enough that it goes back to the system when it is let go
my $page = 4096;
my (@held, $is_full);
$| = 1;

open my $zeros, '<', '/dev/zero' or die "/dev/zero: $!\n";
set('oom_score_adj', 1000);
# Giving way must not wait for those that are in need. Only root may be this urgent.
setpriority(0, 0, -20);
for (my $turn = 0; ; $turn++) {
  my $spare = available() - $leave;
  if ($spare >= $block) {
    sysread $zeros, $held[@held], $block << 20 or die "/dev/zero: $!\n";
  } else {
    print "held\n" if !$is_full++;
    pop @held for 1 .. (-$spare + $block - 1) / $block;
    touch($turn) if @held;
    select undef, undef, undef, 0.02;
  }
}

# What nobody touches would go to the swap space, where there is one.
sub touch {
  my $held = \$held[$_[0] % @held];
  substr($$held, $_ * $page, 1) = 'x' for 0 .. length($$held) / $page - 1;
}

sub available {
  open my $file, '<', '/proc/meminfo' or die "/proc/meminfo: $!\n";
  while (<$file>) { return $1 / 1024 if /^MemAvailable: +(\d+) kB/ }
  die "/proc/meminfo does not tell what is available\n";
}

sub set {
  my ($name, $value) = @_;
  open my $file, '>', "/proc/self/$name" or die "$name: $!\n";
  print $file $value;
}
