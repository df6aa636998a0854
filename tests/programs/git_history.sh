# Usage: bash git_history.sh   (in an empty folder)
# Makes a repository with branches, merges and renames, clones it, packs it with
# two threads, checks it, and prints what must be the same in every run.
set -euo pipefail
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=author GIT_AUTHOR_EMAIL=author@example.org
export GIT_COMMITTER_NAME=author GIT_COMMITTER_EMAIL=author@example.org

seconds=1700000000
commit() {
    seconds=$((seconds + 60))
    git add -A
    GIT_AUTHOR_DATE="$seconds +0000" GIT_COMMITTER_DATE="$seconds +0000" git commit -q --allow-empty -m "$1"
}

git init -q -b main origin
cd origin
git config pack.threads 2
git config gc.auto 0
for file in $(seq 120); do
    mkdir -p "dir$((file % 7))"
    seq "$file" $((file * 9)) >"dir$((file % 7))/file$file.txt"
done
seq 200000 >large.txt
commit start
for step in $(seq 30); do
    sed -i "s/7$/changed $step/" "dir$((step % 7))"/*.txt
    seq "$step" 9 200000 >large.txt
    commit "step $step"
    if ((step % 6 == 0)); then
        git checkout -q -b "branch$step"
        git mv "dir1/file$step.txt" "dir2/moved$step.txt" 2>/dev/null || echo "on branch $step" >new.txt
        commit "on branch $step"
        git checkout -q main
        echo "$step" >"main$step.txt"
        commit "beside branch $step"
        GIT_AUTHOR_DATE="$seconds +0000" GIT_COMMITTER_DATE="$seconds +0000" git merge -q --no-ff -m "merge $step" "branch$step"
    fi
done
cd ..

# --no-local: through pack-objects, a pipe and index-pack, as from another machine.
git -c pack.threads=2 clone -q --no-local origin copy 2>&1
cd copy
for branch in $(git -C ../origin for-each-ref --format='%(refname:short)' refs/heads); do
    git rev-parse "origin/$branch"
done
git -c pack.threads=2 -c gc.writeCommitGraph=true gc -q --aggressive --prune=now
git fsck --full --strict --no-progress
git rev-list --all --objects | sort
git cat-file --batch-all-objects --batch-check | sort
git log --stat -M --format='%H %ad %s' --date=iso | tail -n 400
git blame -s "dir3/file10.txt" | head -n 40
git log -p -M --format='%H %s' >../log.patch
git archive --format=tar --prefix=one/ HEAD >../single.tar
# With one thread the deltas are found in a fixed order, and the pack is the same
# to the last bit; its name is the hash of its content.
git -c pack.threads=1 repack -q -a -d -f --depth=20 --window=10
ls .git/objects/pack | grep 'pack$'
git fsck --full --strict --no-progress
git clone -q --depth 5 "file://$PWD" ../shallow 2>&1
git -C ../shallow rev-list --count HEAD
