// Several bad variables: one line each, in a program that never calls malloc itself, too.
// env: HAKMEM_STAGE1=bad HAKMEM_STAGE2=bad HAKMEM_TYPO=1
// expect-stderr: "hakmem: HAKMEM_STAGE1=bad *"
// expect-stderr: "hakmem: HAKMEM_STAGE2=bad *"
// expect-stderr: "hakmem: *HAKMEM_TYPO*"
// hakmem-only
#include "check.h"

int main(void) { return 0; }
