# Hashes, strings that grow, regular expressions, sorting, closures and a deep
# structure that is copied and dropped: perl's usual load on malloc.
use strict;
use warnings;

my $state = 7;
sub number { my ($bound) = @_; $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $bound }

my (%count, @lines);
for my $i (1 .. 60000) {
    my $line = join ' ', map { 'w' . number(4000) } 1 .. 1 + number(9);
    push @lines, $line;
    $count{$_}++ for split / /, $line;
}
my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @top[0 .. 19];

my $text = join "\n", @lines;
my $replaced = ($text =~ s/\bw(\d)(\d*)\b/<$2-$1>/g);
printf "%d replacements, %d characters\n", $replaced, length $text;
my %pairs;
while ($text =~ /<(\d*)-(\d)> <(\d*)-\2>/g) { $pairs{"$1:$3"} .= $2 }
print join(',', map { "$_=" . length $pairs{$_} } (sort keys %pairs)[0 .. 9]), "\n";

sub tree { my ($depth) = @_; return $depth ? { name => "n$depth", children => [map { tree($depth - 1) } 1 .. 3] } : 'leaf' x number(20) }
sub size { my ($node) = @_; return length $node unless ref $node; my $sum = length $node->{name}; $sum += size($_) for @{ $node->{children} }; return $sum }
my $total = 0;
for my $round (1 .. 6) { my $tree = tree(8); $total += size($tree); undef $tree }
print "trees: $total\n";

my $buffer = '';
for my $i (1 .. 200) { $buffer .= chr(65 + $i % 26) x (1000 * ($i % 17)); $buffer = reverse substr $buffer, 100 if length $buffer > 700000 }
printf "buffer: %d %s\n", length $buffer, unpack('%32C*', $buffer);
print sprintf('%08x', unpack('%32V*', pack('N*', map { number(65536) } 1 .. 100000))), "\n";
