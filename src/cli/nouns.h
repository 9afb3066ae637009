/*
 * nouns: what several files show or do alike: identities with their roles, bindings of new identities, plain deletes.
 */
#ifndef CLI_NOUNS_H
#define CLI_NOUNS_H

#include "cli/client.h"
#include "cli/print.h"

extern const struct show identity_show;
/* Issuer of the identities behind pull tokens: a name that can never be looked up. */
#define PULL_TOKEN_ISSUER "https://pull-token.invalid"
/* "claim_match", "static", "pull_token", "aws", "service_principal" */
const char *identity_type(const struct json *identity);
/* 0 when it does not expire. */
int64_t identity_expires_s(const struct json *identity);
/* Gives each row a member "roles": "<organization>: <role>" by commas. One call. */
FALLIBLE identities_add_roles(struct cli *cli, const struct json **rows, size_t count);
/* Binds these roles (ids) to the identity at its parent; a failure says that the identity itself was made. */
FALLIBLE identity_bind(struct cli *cli, slice identity, slice parent, const slice *roles, size_t count);
/* --role (names or ids) as ids that can be bound at `parent`. */
FALLIBLE roles_of_flag(struct cli *cli, slice parent, slice **ret_roles, size_t *ret_count);
/* What a question calls something that was given by name or id: "team (63921b…)"; its id once when that was given, or chosen
 * from a menu. */
FALLIBLE name_and_id(struct cli *cli, slice given, slice uid, slice *ret_text);
/* Deletes by id with a method whose request is {uid}. */
FALLIBLE delete_by_uid(struct cli *cli, enum method_id method, const char *noun, slice uid);
/* What was bound, with its names: a write answers ids alone. */
FALLIBLE binding_show_made(struct cli *cli, slice uid);
/* The time at a path of a row, without its fractions; "" when there is none. */
slice time_cell(struct cli *cli, const struct json *row, const char *path);
/* A capability's public name from what the API says of it ("CAP_IAM_GROUPS_LIST"), and back; empty when unknown. */
slice capability_name(slice symbol);
slice capability_symbol(slice name);

#endif
