#include "parser.h"

#include "lexer.h"

typedef struct {
    Lexer lexer;
    Token token;
    Arena *arena;
    Error *error;
    int depth;
} Parser;

enum { MAX_DEPTH = 200 };

static Node *sum(Parser *parser);

static void advance(Parser *parser)
{
    parser->token = lexer_next(&parser->lexer);
}

static Node *unexpected(Parser *parser, const char *wanted)
{
    error_set(parser->error, parser->token.column, "expected %s, not %s", wanted, token_name(parser->token.kind));
    return ast_number(parser->arena, parser->token.column, 0);
}

static void expect(Parser *parser, TokenKind kind)
{
    if (parser->token.kind == kind)
        advance(parser);
    else
        unexpected(parser, token_name(kind));
}

static Node *name_or_call(Parser *parser)
{
    Token token = parser->token;
    const char *start = parser->lexer.source + token.column;
    advance(parser);
    if (parser->token.kind != TOKEN_OPEN)
        return ast_name(parser->arena, NODE_NAME, token.column, start, token.length);
    Node *call = ast_name(parser->arena, NODE_CALL, token.column, start, token.length);
    advance(parser);
    while (parser->token.kind != TOKEN_CLOSE && !parser->error->set) {
        if (call->count == MAX_ARGUMENTS) {
            error_set(parser->error, parser->token.column, "more than %d arguments", MAX_ARGUMENTS);
            break;
        }
        call->children[call->count++] = sum(parser);
        if (parser->token.kind != TOKEN_COMMA)
            break;
        advance(parser);
    }
    expect(parser, TOKEN_CLOSE);
    return call;
}

static Node *primary(Parser *parser)
{
    Token token = parser->token;
    Node *inner;
    switch (token.kind) {
    case TOKEN_NUMBER:
        advance(parser);
        return ast_number(parser->arena, token.column, token.number);
    case TOKEN_NAME:
        return name_or_call(parser);
    case TOKEN_OPEN:
        advance(parser);
        inner = sum(parser);
        expect(parser, TOKEN_CLOSE);
        return inner;
    default:
        return unexpected(parser, "a number, a name or '('");
    }
}

/* `-x ^ y` is `-(x ^ y)`, and `x ^ y ^ z` is `x ^ (y ^ z)`. */
static Node *power(Parser *parser)
{
    Token token = parser->token;
    if (++parser->depth > MAX_DEPTH) {
        error_set(parser->error, token.column, "too deep");
        parser->depth--;
        return ast_number(parser->arena, token.column, 0);
    }
    Node *left;
    if (token.kind == TOKEN_MINUS) {
        advance(parser);
        left = ast_unary(parser->arena, token.column, power(parser));
    } else {
        left = primary(parser);
        token = parser->token;
        if (token.kind == TOKEN_POWER) {
            advance(parser);
            left = ast_binary(parser->arena, token.column, TOKEN_POWER, left, power(parser));
        }
    }
    parser->depth--;
    return left;
}

static Node *product(Parser *parser)
{
    Node *left = power(parser);
    while ((parser->token.kind == TOKEN_STAR || parser->token.kind == TOKEN_SLASH) && !parser->error->set) {
        Token token = parser->token;
        advance(parser);
        left = ast_binary(parser->arena, token.column, token.kind, left, power(parser));
    }
    return left;
}

static Node *sum(Parser *parser)
{
    Node *left = product(parser);
    while ((parser->token.kind == TOKEN_PLUS || parser->token.kind == TOKEN_MINUS) && !parser->error->set) {
        Token token = parser->token;
        advance(parser);
        left = ast_binary(parser->arena, token.column, token.kind, left, product(parser));
    }
    return left;
}

Node *parse_line(const char *line, Arena *arena, Error *error)
{
    Parser parser = {.lexer = {.source = line}, .arena = arena, .error = error};
    advance(&parser);
    if (parser.token.kind == TOKEN_END)
        return NULL;
    Node *tree = sum(&parser);
    if (tree->kind == NODE_NAME && parser.token.kind == TOKEN_ASSIGN) {
        tree->kind = NODE_ASSIGN;
        advance(&parser);
        tree->children[tree->count++] = sum(&parser);
    }
    expect(&parser, TOKEN_END);
    return error->set ? NULL : tree;
}
