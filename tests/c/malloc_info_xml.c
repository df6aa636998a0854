// malloc_info writes well-formed XML: one root element <malloc version="1">, every tag closed in
// order, every attribute quoted.
#include "check.h"

static char text[1 << 20];

// Steps over one tag; gives its place behind the '>', or NULL. Pushes and pops open elements.
static char *tag(char *at, char names[][64], int *depth) {
    char *end = at;
    for (int quoted = 0; *end && (quoted || *end != '>'); end++) quoted ^= *end == '"';
    if (*end != '>') return NULL;
    int closing = at[1] == '/', single = end[-1] == '/';
    size_t length = strcspn(at + 1 + closing, " />\n");
    if (length == 0 || length >= 64 || *depth >= 20) return NULL;
    if (closing) {
        (*depth)--;
        if (*depth < 0 || strncmp(names[*depth], at + 2, length) || names[*depth][length]) return NULL;
    } else if (!single) {
        memcpy(names[*depth], at + 1, length);
        names[(*depth)++][length] = 0;
    }
    return end + 1;
}

int main(void) {
    static char names[20][64];
    int depth = 0, roots = 0;
    void *block = malloc(12345), *large = malloc(3 << 20);
    FILE *file = fopen("info.xml", "w+");
    CHECK(file && malloc_info(0, file) == 0);
    rewind(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    CHECK(length > 20 && length < sizeof text - 1 && fclose(file) == 0);
    CHECK(strstr(text, "<malloc version=\"1\">") && strlen(text) == length);
    for (char *at = text; *at;) {
        roots += *at == '<' && depth == 0;
        CHECK(*at != '&');
        if (*at != '<') { at++; continue; }
        if (at[1] == '?') { CHECK(at == text && (at = strchr(at, '>'))); roots--; continue; }
        CHECK((at = tag(at, names, &depth)));
    }
    CHECK(depth == 0 && roots == 1);
    free(block);
    free(large);
    return 0;
}
