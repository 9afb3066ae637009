/*
 * rules: what a text must look like to stand in a field (spec model.md 4.1, 5; requirements.md 25; design.md 6).
 *
 * Promises  every function gives OK, or INVALID_ARGUMENT that names the given field and the rule, and never repeats the text.
 *           All texts are UTF-8 without NUL and bounded.
 * Start at  rule_name().
 */
#ifndef MODEL_RULES_H
#define MODEL_RULES_H

#include "base/slice.h"
#include "base/status.h"

#define NAME_BYTES_MAX 63
#define DESCRIPTION_BYTES_MAX 4096 /* of everything but repositories; may have many lines */
#define LINE_CHARACTERS_MAX 512    /* of a repository's description: one line */
#define EMAIL_BYTES_MAX 254        /* RFC 5321 section 4.5.3.1.3, without the angle brackets */
#define TAG_BYTES_MAX 128          /* OCI distribution specification, "pulling manifests" */
#define REPO_PATH_BYTES_MAX 255    /* distribution's limit for a whole repository name */
#define ISSUER_BYTES_MAX 2048
#define SUBJECT_BYTES_MAX 1024

/* ^[a-z0-9 ._-]{1,63}$: groups, roles, identities. */
FALLIBLE rule_name(slice name, const char *field);
/* Any text up to DESCRIPTION_BYTES_MAX. */
FALLIBLE rule_description(slice text, const char *field);
/* ^[\S ]{0,512}$: one line, no other white space than blanks, no control characters. */
FALLIBLE rule_line(slice text, const char *field);
/* Any text of at most `most` bytes; empty only when is_optional. */
FALLIBLE rule_text(slice text, size_t most, bool is_optional, const char *field);
/* local@domain with one @, no white space, a domain of DNS labels. */
FALLIBLE rule_email(slice email, const char *field);
/* sha256: and 64 lower-case hex digits. */
FALLIBLE rule_digest(slice digest, const char *field);
/* ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ */
FALLIBLE rule_tag(slice tag, const char *field);
/* One component of a repository path: runs of [a-z0-9] joined by one of . _ __ or any number of -. Names of repositories, and
 * of folders and organizations that are to stand in a registry's path. */
FALLIBLE rule_path_component(slice name, const char *field);
bool rule_is_path_component(slice name);
/* The name of a verified organization: at least two DNS labels in lower case (RFC 1123 section 2.1), a valid path component,
 * within rule_name, and not an IPv4 address. */
FALLIBLE rule_verified_name(slice name, const char *field);
/* Exactly 12 decimal digits. */
FALLIBLE rule_aws_account(slice account, const char *field);

#endif
