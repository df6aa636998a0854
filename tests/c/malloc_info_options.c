// malloc_info refuses options other than 0, and reports a stream that cannot be written.
#include "check.h"

int main(void) {
    FILE *file = fopen("info.xml", "w+");
    CHECK(file);
    CHECK(malloc_info(1, file) != 0);
    CHECK(malloc_info(-1, file) != 0);
    CHECK(fseek(file, 0, SEEK_END) == 0 && ftell(file) == 0);
    CHECK(malloc_info(0, file) == 0 && ftell(file) > 0);
    return fclose(file);
}
