// calloc gives zeros after blocks of every size were filled, freed and purged, again and again: as
// usual, with all memory locked, and where the system refuses every madvise.
// usage: calloc_dirty usual|locked|refused CYCLES
#include "process.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { LIVE = 64 };

// Every madvise gets EINVAL from here on.
static void refuse_madvise(void) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        skip("this kernel takes no filter of system calls");
    CHECK(madvise(NULL, 4096, MADV_DONTNEED) == -1 && errno == EINVAL);
}

int main(int argc, char **argv) {
    int cycles = number(argv, argc, 2);
    unsigned char *blocks[LIVE] = {0};
    size_t sizes[LIVE] = {0};
    uint64_t state = 11;
    if (strcmp(argv[1], "refused") == 0) refuse_madvise();
    if (strcmp(argv[1], "locked") == 0 && mlockall(MCL_CURRENT | MCL_ONFAULT | MCL_FUTURE) != 0) skip("memory cannot be locked");
    for (int cycle = 0; cycle < cycles; cycle++) {
        unsigned k = next_random(&state) % LIVE;
        if (blocks[k]) memset(blocks[k], 0xa5, sizes[k]);
        free(blocks[k]);
        sizes[k] = random_size(&state, cycle % 4 ? 40000 : (size_t)3 << 20);
        blocks[k] = calloc(1, sizes[k]);
        CHECK(blocks[k] && is_all_zero(blocks[k], sizes[k]));
        if (cycle % 64 == 0) {
            for (int i = 0; i < LIVE; i += 2) {
                if (blocks[i]) memset(blocks[i], 0x5a, sizes[i]);
                free(blocks[i]);
                blocks[i] = NULL;
            }
            malloc_trim(0);
        }
    }
    return 0;
}
