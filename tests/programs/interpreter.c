// A small stack machine with a compiler for arithmetic expressions: an input
// for gcc, big enough for its optimisers, and a program that allocates.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, DIV, LESS, JUMP, JUMP_IF_ZERO, PRINT, HALT };

struct instruction { enum op op; long operand; };
struct program { struct instruction *code; size_t length, capacity; };
struct symbol { char *name; long slot; struct symbol *next; };
struct parser { const char *at; struct program *program; struct symbol *symbols; long slots; };

static void *checked(void *pointer) {
    if (!pointer) { fputs("out of memory\n", stderr); exit(1); }
    return pointer;
}

static size_t emit(struct program *program, enum op op, long operand) {
    if (program->length == program->capacity) {
        program->capacity = program->capacity ? program->capacity * 2 : 8;
        program->code = checked(realloc(program->code, program->capacity * sizeof *program->code));
    }
    program->code[program->length] = (struct instruction){op, operand};
    return program->length++;
}

static void blanks(struct parser *parser) { while (*parser->at == ' ' || *parser->at == '\n') parser->at++; }

static int accept(struct parser *parser, const char *token) {
    blanks(parser);
    size_t length = strlen(token);
    if (strncmp(parser->at, token, length) != 0) return 0;
    parser->at += length;
    return 1;
}

static long slot_of(struct parser *parser, const char *name, size_t length) {
    for (struct symbol *s = parser->symbols; s; s = s->next)
        if (strlen(s->name) == length && memcmp(s->name, name, length) == 0) return s->slot;
    struct symbol *made = checked(malloc(sizeof *made));
    made->name = checked(calloc(length + 1, 1));
    memcpy(made->name, name, length);
    made->slot = parser->slots++;
    made->next = parser->symbols;
    parser->symbols = made;
    return made->slot;
}

static long name_slot(struct parser *parser) {
    blanks(parser);
    const char *start = parser->at;
    while (*parser->at >= 'a' && *parser->at <= 'z') parser->at++;
    return slot_of(parser, start, (size_t)(parser->at - start));
}

static void expression(struct parser *parser);

static void factor(struct parser *parser) {
    blanks(parser);
    if (accept(parser, "(")) { expression(parser); accept(parser, ")"); return; }
    if (*parser->at >= '0' && *parser->at <= '9') {
        char *end;
        emit(parser->program, PUSH, strtol(parser->at, &end, 10));
        parser->at = end;
        return;
    }
    emit(parser->program, LOAD, name_slot(parser));
}

static void term(struct parser *parser) {
    factor(parser);
    for (;;) {
        if (accept(parser, "*")) { factor(parser); emit(parser->program, MUL, 0); }
        else if (accept(parser, "/")) { factor(parser); emit(parser->program, DIV, 0); }
        else return;
    }
}

static void expression(struct parser *parser) {
    term(parser);
    for (;;) {
        if (accept(parser, "+")) { term(parser); emit(parser->program, ADD, 0); }
        else if (accept(parser, "-")) { term(parser); emit(parser->program, SUB, 0); }
        else if (accept(parser, "<")) { term(parser); emit(parser->program, LESS, 0); }
        else return;
    }
}

static void statement(struct parser *parser) {
    if (accept(parser, "while")) {
        size_t start = parser->program->length;
        expression(parser);
        size_t leave = emit(parser->program, JUMP_IF_ZERO, 0);
        accept(parser, "{");
        while (!accept(parser, "}")) statement(parser);
        emit(parser->program, JUMP, (long)start);
        parser->program->code[leave].operand = (long)parser->program->length;
    } else if (accept(parser, "print")) {
        expression(parser);
        emit(parser->program, PRINT, 0);
        accept(parser, ";");
    } else {
        long slot = name_slot(parser);
        accept(parser, "=");
        expression(parser);
        emit(parser->program, STORE, slot);
        accept(parser, ";");
    }
}

#define BINARY(name, value) case name: { long b = *--top, a = *--top; *top++ = (value); break; }

static void run(const struct program *program, long slots) {
    long *variables = checked(calloc((size_t)slots + 1, sizeof *variables));
    long stack[64], *top = stack;
    for (size_t at = 0;;) {
        struct instruction now = program->code[at++];
        switch (now.op) {
            case PUSH: *top++ = now.operand; break;
            case LOAD: *top++ = variables[now.operand]; break;
            case STORE: variables[now.operand] = *--top; break;
            BINARY(ADD, a + b)
            BINARY(SUB, a - b)
            BINARY(MUL, a * b % 1000003)
            BINARY(DIV, b ? a / b : 0)
            BINARY(LESS, a < b)
            case JUMP: at = (size_t)now.operand; break;
            case JUMP_IF_ZERO: if (!*--top) at = (size_t)now.operand; break;
            case PRINT: printf("%ld\n", *--top); break;
            case HALT: free(variables); return;
        }
    }
}

static void interpret(const char *text) {
    struct program program = {0};
    struct parser parser = {text, &program, NULL, 0};
    for (blanks(&parser); *parser.at; blanks(&parser)) statement(&parser);
    emit(&program, HALT, 0);
    run(&program, parser.slots);
    free(program.code);
    for (struct symbol *s = parser.symbols, *next; s; s = next) {
        next = s->next;
        free(s->name);
        free(s);
    }
}

int main(void) {
    interpret("n = 0; sum = 1; while n < 200000 { n = n + 1; sum = sum * 7 + n; } print sum;");
    for (int length = 1; length <= 4000; length += 500) {
        size_t room = (size_t)length * 8 + 64;
        char *text = checked(malloc(room));
        size_t used = (size_t)snprintf(text, room, "x = 3; print x");
        for (int i = 0; i < length; i++) used += (size_t)snprintf(text + used, room - used, " + %d", i);
        snprintf(text + used, room - used, ";");
        interpret(text);
        free(text);
    }
    return 0;
}
