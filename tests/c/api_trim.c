// hakmem_trim gives unused memory back, says so, and has nothing more to give at once after that.
// hakmem-only
#include "check.h"

static char *blocks[2000];

int main(void) {
    int (*trim)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "hakmem_trim");
    CHECK(is_served(trim));
    for (int i = 0; i < 2000; i++) CHECK((blocks[i] = malloc(10000))), memset(blocks[i], 1, 10000);
    for (int i = 0; i < 2000; i++) free(blocks[i]);
    CHECK(trim() == 1);
    CHECK(trim() == 0);
    for (int i = 0; i < 2000; i++) CHECK((blocks[i] = calloc(1, 10000)) && is_all_zero(blocks[i], 10000));
    return 0;
}
