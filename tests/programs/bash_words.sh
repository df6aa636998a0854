# Usage: bash bash_words.sh   (writes words.txt into the current folder)
# Arrays, associative arrays, substitutions, subshells, pipes, here documents
# and process substitution: what a shell allocates for and forks for.
set -euo pipefail

declare -A count=()
declare -a words=()
state=5
for ((i = 0; i < 12000; i++)); do
    state=$(((state * 1103515245 + 12345) & 0x7fffffff))
    word="w$(((state >> 16) % 700))"
    words+=("$word")
    count[$word]=$((${count[$word]:-0} + 1))
done
for word in "${!count[@]}"; do echo "$word ${count[$word]}"; done | sort -k2,2nr -k1,1 >words.txt
head -n 5 words.txt

text="${words[*]:0:4000}"
for round in 1 2 3 4; do
    text="${text//w1/<one>}"
    text="${text//<one>/w$round}"
    echo "round $round: ${#text}"
done

for i in $(seq 40); do
    result=$(sed -n "${i}p" words.txt | tr w W)
    echo "$i: $(echo "$result" | cut -d' ' -f1) ${result#* }"
done

fibonacci() {
    local n=$1
    if ((n < 2)); then echo "$n"; else echo $(($(fibonacci $((n - 1))) + $(fibonacci $((n - 2))))); fi
}
fibonacci 8

cat <<END | sort | uniq -c
$(printf '%s\n' "${words[@]:0:60}")
END
diff <(sort words.txt) <(sort -r words.txt | sort) && echo same

for i in 1 2 3 4; do (sleep 0.01; echo "job $i" >"job$i.txt") & done
wait
cat job?.txt
mapfile -t lines <words.txt
echo "${#lines[@]} lines, last: ${lines[-1]}"
