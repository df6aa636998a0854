// An auditor (LD_AUDIT), which ld.so loads into a namespace of its own before anything else. It
// allocates there at each of its calls.
// flags: -Wno-unused-parameter
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>

unsigned la_version(unsigned version) {
    free(malloc(100));
    return LAV_CURRENT;
}

unsigned la_objopen(struct link_map *map, Lmid_t where, uintptr_t *cookie) {
    free(malloc(3000));
    return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned index, uintptr_t *from, uintptr_t *to, unsigned *flags,
                       const char *name) {
    free(malloc(50));
    return symbol->st_value;
}
