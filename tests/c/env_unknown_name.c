// An unknown HAKMEM_ variable is reported, once, by name; variables of others are none of ours.
// env: HAKMEM_NO_SUCH_OPTION=1 HAKMEN_POOL_TLS=x MY_HAKMEM_STAGE1=7 hakmem_stage1=7
// expect-stderr: "hakmem: *HAKMEM_NO_SUCH_OPTION*"
// hakmem-only
#include "check.h"

int main(void) {
    free(malloc(100));
    return 0;
}
