// A module with thread-local memory of its own, of which there are to be many.
static __thread char own[64] = "module";
char *tls_module_own(void) { return own; }
