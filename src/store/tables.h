/*
 * tables: each noun's columns, declared once for every store.
 *
 * To add a column: the struct in model/nouns.h, a row in the list here, a numbered migration; the enum, the descriptor and
 * every statement follow, and tests/store/schema.c compares the three. To add a table: also a list entry in TABLES and its
 * rules (unique, references) in tables.c.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>

#include "model/nouns.h"

enum column_type {
	COLUMN_UID,   /* struct uid; none is NULL in the database, and refused unless the column is optional */
	COLUMN_TEXT,  /* slice of UTF-8 */
	COLUMN_BYTES, /* slice */
	COLUMN_INT,   /* int64_t */
	COLUMN_BOOL,  /* bool */
	COLUMN_CAPS,  /* struct caps, 32 bytes: bit b is bit b % 8 of byte b / 8 */
};

struct column {
	const char *name; /* the field's own */
	enum column_type type;
	bool is_optional; /* a uid that may be none */
	size_t offset;    /* in the row struct */
};

/* No two rows agree in all of `columns`; rows with a none uid among them are free. With only_roots the rule holds for rows
 * whose column `root` is none; with only_if also only where the bool column `flag` is set. */
#define UNIQUE_COLUMNS_MAX 3
struct unique {
	int columns[UNIQUE_COLUMNS_MAX];
	size_t count;
	bool only_roots, only_if;
	int root, flag;
	/* What a caller is told: the field as the API calls it, the text column (0: none) whose value they sent, and the rule
	 * with what to do. No field: only that something is in the way, for digests, codes and ids of ours are nobody's to
	 * know. */
	const char *field, *rule;
	int told;
};

struct table;
/* The column's uid, unless none, is the key of a row of `table`. */
struct reference {
	int column;
	const struct table *table;
};

struct table {
	const char *name, *noun; /* "groups", "group" */
	size_t row_bytes;
	const struct column *columns;
	size_t column_count;
	size_t key_count;   /* the first columns are the primary key */
	int change;         /* enum change_kind logged for it; CHANGE_NONE = none */
	int change_subject; /* column index of a change's subject, -1 = none */
	bool is_stamped;    /* columns 0 and 1 are the commit's revision and the place in it: the store fills them in */
	const struct unique *uniques;
	size_t unique_count;
	const struct reference *references;
	size_t reference_count;
};

/* The lists: X(enum constant, column type, is_optional, row struct, field). The first ones are the primary key. */
#define GROUPS_COLUMNS(X)                                      \
	X(GROUPS_UID, UID, false, group, uid)                  \
	X(GROUPS_PARENT, UID, true, group, parent)             \
	X(GROUPS_NAME, TEXT, false, group, name)               \
	X(GROUPS_DESCRIPTION, TEXT, false, group, description) \
	X(GROUPS_IS_VERIFIED, BOOL, false, group, is_verified) \
	X(GROUPS_KIND, INT, false, group, kind)                \
	X(GROUPS_STATUS, INT, false, group, status)            \
	X(GROUPS_IS_SYSTEM, BOOL, false, group, is_system)     \
	X(GROUPS_CREATED_US, INT, false, group, created_us)    \
	X(GROUPS_UPDATED_US, INT, false, group, updated_us)

#define LIMITS_COLUMNS(X)                         \
	X(LIMITS_GROUP, UID, false, limit, group) \
	X(LIMITS_KIND, TEXT, false, limit, kind)  \
	X(LIMITS_MOST, INT, false, limit, most)

#define IDENTITIES_COLUMNS(X)                                                    \
	X(IDENTITIES_UID, UID, false, identity, uid)                             \
	X(IDENTITIES_PARENT, UID, true, identity, parent)                        \
	X(IDENTITIES_NAME, TEXT, false, identity, name)                          \
	X(IDENTITIES_DESCRIPTION, TEXT, false, identity, description)            \
	X(IDENTITIES_EMAIL, TEXT, false, identity, email)                        \
	X(IDENTITIES_EMAIL_UNVERIFIED, TEXT, false, identity, email_unverified)  \
	X(IDENTITIES_COMPANY, TEXT, false, identity, company)                    \
	X(IDENTITIES_RELATIONSHIP, INT, false, identity, relationship)           \
	X(IDENTITIES_ISSUER_KIND, INT, false, identity, issuer_kind)             \
	X(IDENTITIES_SUBJECT_KIND, INT, false, identity, subject_kind)           \
	X(IDENTITIES_AUDIENCE_KIND, INT, false, identity, audience_kind)         \
	X(IDENTITIES_ISSUER, TEXT, false, identity, issuer)                      \
	X(IDENTITIES_SUBJECT, TEXT, false, identity, subject)                    \
	X(IDENTITIES_AUDIENCE, TEXT, false, identity, audience)                  \
	X(IDENTITIES_CLAIMS, TEXT, false, identity, claims)                      \
	X(IDENTITIES_CLAIM_PATTERNS, TEXT, false, identity, claim_patterns)      \
	X(IDENTITIES_ISSUER_KEYS, TEXT, false, identity, issuer_keys)            \
	X(IDENTITIES_AUDIENCES, TEXT, false, identity, audiences)                \
	X(IDENTITIES_EXPIRES_US, INT, false, identity, expires_us)               \
	X(IDENTITIES_AWS_ACCOUNT, TEXT, false, identity, aws_account)            \
	X(IDENTITIES_AWS_ARN, TEXT, false, identity, aws_arn)                    \
	X(IDENTITIES_AWS_USER_ID, TEXT, false, identity, aws_user_id)            \
	X(IDENTITIES_AWS_ARN_KIND, INT, false, identity, aws_arn_kind)           \
	X(IDENTITIES_AWS_USER_ID_KIND, INT, false, identity, aws_user_id_kind)   \
	X(IDENTITIES_SERVICE_PRINCIPAL, INT, false, identity, service_principal) \
	X(IDENTITIES_IS_PULL_TOKEN, BOOL, false, identity, is_pull_token)        \
	X(IDENTITIES_CREATED_US, INT, false, identity, created_us)               \
	X(IDENTITIES_UPDATED_US, INT, false, identity, updated_us)               \
	X(IDENTITIES_LAST_SEEN_US, INT, false, identity, last_seen_us)

#define ROLES_COLUMNS(X)                                     \
	X(ROLES_UID, UID, false, role, uid)                  \
	X(ROLES_PARENT, UID, true, role, parent)             \
	X(ROLES_NAME, TEXT, false, role, name)               \
	X(ROLES_DESCRIPTION, TEXT, false, role, description) \
	X(ROLES_CAPS, CAPS, false, role, caps)               \
	X(ROLES_CREATED_US, INT, false, role, created_us)    \
	X(ROLES_UPDATED_US, INT, false, role, updated_us)

#define BINDINGS_COLUMNS(X)                                         \
	X(BINDINGS_UID, UID, false, binding, uid)                   \
	X(BINDINGS_GROUP, UID, false, binding, group)               \
	X(BINDINGS_IDENTITY, UID, false, binding, identity)         \
	X(BINDINGS_ROLE, UID, false, binding, role)                 \
	X(BINDINGS_NOT_BEFORE_S, INT, false, binding, not_before_s) \
	X(BINDINGS_EXPIRES_S, INT, false, binding, expires_s)       \
	X(BINDINGS_CREATED_US, INT, false, binding, created_us)

#define REPOS_COLUMNS(X)                                            \
	X(REPOS_UID, UID, false, repo, uid)                         \
	X(REPOS_PARENT, UID, false, repo, parent)                   \
	X(REPOS_NAME, TEXT, false, repo, name)                      \
	X(REPOS_DESCRIPTION, TEXT, false, repo, description)        \
	X(REPOS_README, TEXT, false, repo, readme)                  \
	X(REPOS_TIER, INT, false, repo, tier)                       \
	X(REPOS_BUNDLES, TEXT, false, repo, bundles)                \
	X(REPOS_ALIASES, TEXT, false, repo, aliases)                \
	X(REPOS_ACTIVE_TAGS, TEXT, false, repo, active_tags)        \
	X(REPOS_SYNC_CONFIG, BYTES, false, repo, sync_config)       \
	X(REPOS_CUSTOM_OVERLAY, BYTES, false, repo, custom_overlay) \
	X(REPOS_CREATED_US, INT, false, repo, created_us)           \
	X(REPOS_UPDATED_US, INT, false, repo, updated_us)

#define TAGS_COLUMNS(X)                                        \
	X(TAGS_UID, UID, false, tag, uid)                      \
	X(TAGS_PARENT, UID, false, tag, parent)                \
	X(TAGS_NAME, TEXT, false, tag, name)                   \
	X(TAGS_DIGEST, TEXT, false, tag, digest)               \
	X(TAGS_BUNDLES, TEXT, false, tag, bundles)             \
	X(TAGS_IS_DEPRECATED, BOOL, false, tag, is_deprecated) \
	X(TAGS_KIND, INT, false, tag, kind)                    \
	X(TAGS_CREATED_US, INT, false, tag, created_us)        \
	X(TAGS_UPDATED_US, INT, false, tag, updated_us)

#define SIGNING_KEYS_COLUMNS(X)                                             \
	X(SIGNING_KEYS_KID, TEXT, false, signing_key, kid)                  \
	X(SIGNING_KEYS_ALGORITHM, TEXT, false, signing_key, algorithm)      \
	X(SIGNING_KEYS_SEALED, BYTES, false, signing_key, sealed)           \
	X(SIGNING_KEYS_CERTIFICATE, BYTES, false, signing_key, certificate) \
	X(SIGNING_KEYS_CREATED_US, INT, false, signing_key, created_us)     \
	X(SIGNING_KEYS_ACTIVE_US, INT, false, signing_key, active_us)       \
	X(SIGNING_KEYS_RETIRED_US, INT, false, signing_key, retired_us)

#define SETUP_CODES_COLUMNS(X)                                        \
	X(SETUP_CODES_DIGEST, BYTES, false, setup_code, digest)       \
	X(SETUP_CODES_EXPIRES_US, INT, false, setup_code, expires_us) \
	X(SETUP_CODES_TRIES_LEFT, INT, false, setup_code, tries_left)

#define FACTS_COLUMNS(X)                       \
	X(FACTS_NAME, TEXT, false, fact, name) \
	X(FACTS_VALUE, BYTES, false, fact, value)

#define FREED_NAMES_COLUMNS(X)                                \
	X(FREED_NAMES_PARENT, UID, false, freed_name, parent) \
	X(FREED_NAMES_NAME, TEXT, false, freed_name, name)    \
	X(FREED_NAMES_HOLDER, UID, false, freed_name, holder) \
	X(FREED_NAMES_FREED_US, INT, false, freed_name, freed_us)

#define PROVIDERS_COLUMNS(X)                                           \
	X(PROVIDERS_UID, UID, false, provider, uid)                    \
	X(PROVIDERS_PARENT, UID, false, provider, parent)              \
	X(PROVIDERS_NAME, TEXT, false, provider, name)                 \
	X(PROVIDERS_DESCRIPTION, TEXT, false, provider, description)   \
	X(PROVIDERS_ISSUER, TEXT, false, provider, issuer)             \
	X(PROVIDERS_CLIENT_ID, TEXT, false, provider, client_id)       \
	X(PROVIDERS_SECRET, BYTES, false, provider, secret)            \
	X(PROVIDERS_SCOPES, TEXT, false, provider, scopes)             \
	X(PROVIDERS_ROLE, UID, true, provider, role)                   \
	X(PROVIDERS_GROUPS_CLAIM, TEXT, false, provider, groups_claim) \
	X(PROVIDERS_CORRELATION, INT, false, provider, correlation)    \
	X(PROVIDERS_IS_PKCE, BOOL, false, provider, is_pkce)           \
	X(PROVIDERS_CREATED_US, INT, false, provider, created_us)      \
	X(PROVIDERS_UPDATED_US, INT, false, provider, updated_us)

#define INVITES_COLUMNS(X)                                                   \
	X(INVITES_UID, UID, false, invite, uid)                              \
	X(INVITES_GROUP, UID, false, invite, group)                          \
	X(INVITES_ROLE, UID, false, invite, role)                            \
	X(INVITES_DIGEST, BYTES, false, invite, digest)                      \
	X(INVITES_KEY_ID, TEXT, false, invite, key_id)                       \
	X(INVITES_EMAIL, TEXT, false, invite, email)                         \
	X(INVITES_IS_SINGLE_USE, BOOL, false, invite, is_single_use)         \
	X(INVITES_AUTHOR, UID, false, invite, author)                        \
	X(INVITES_AUTHOR_CONFINED_TO, UID, true, invite, author_confined_to) \
	X(INVITES_EXPIRES_US, INT, false, invite, expires_us)                \
	X(INVITES_CREATED_US, INT, false, invite, created_us)

#define ACCOUNTS_COLUMNS(X)                                                    \
	X(ACCOUNTS_LOGIN, TEXT, false, account, login)                         \
	X(ACCOUNTS_SUBJECT, TEXT, false, account, subject)                     \
	X(ACCOUNTS_NAME, TEXT, false, account, name)                           \
	X(ACCOUNTS_PASSWORD, TEXT, false, account, password)                   \
	X(ACCOUNTS_RESET_DIGEST, BYTES, false, account, reset_digest)          \
	X(ACCOUNTS_RESET_EXPIRES_US, INT, false, account, reset_expires_us)    \
	X(ACCOUNTS_IS_EMAIL_VERIFIED, BOOL, false, account, is_email_verified) \
	X(ACCOUNTS_IS_DISABLED, BOOL, false, account, is_disabled)             \
	X(ACCOUNTS_CREATED_US, INT, false, account, created_us)                \
	X(ACCOUNTS_CHANGED_US, INT, false, account, changed_us)

#define FAMILIES_COLUMNS(X)                                                   \
	X(FAMILIES_ID, BYTES, false, family, id)                              \
	X(FAMILIES_IDENTITY, UID, false, family, identity)                    \
	X(FAMILIES_CONFINED_TO, UID, true, family, confined_to)               \
	X(FAMILIES_CLIENT_ID, TEXT, false, family, client_id)                 \
	X(FAMILIES_ACT, TEXT, false, family, act)                             \
	X(FAMILIES_EMAIL, TEXT, false, family, email)                         \
	X(FAMILIES_UPSTREAM, TEXT, false, family, upstream)                   \
	X(FAMILIES_IS_EMAIL_VERIFIED, BOOL, false, family, is_email_verified) \
	X(FAMILIES_PEER, TEXT, false, family, peer)                           \
	X(FAMILIES_AGENT, TEXT, false, family, agent)                         \
	X(FAMILIES_GENERATION, INT, false, family, generation)                \
	X(FAMILIES_ROTATED_US, INT, false, family, rotated_us)                \
	X(FAMILIES_CREATED_US, INT, false, family, created_us)                \
	X(FAMILIES_EXPIRES_US, INT, false, family, expires_us)                \
	X(FAMILIES_IDLE_US, INT, false, family, idle_us)

#define DEVICES_COLUMNS(X)                                    \
	X(DEVICES_DIGEST, BYTES, false, device, digest)       \
	X(DEVICES_USER_CODE, BYTES, false, device, user_code) \
	X(DEVICES_CLIENT_ID, TEXT, false, device, client_id)  \
	X(DEVICES_SCOPE, TEXT, false, device, scope)          \
	X(DEVICES_PEER, TEXT, false, device, peer)            \
	X(DEVICES_AGENT, TEXT, false, device, agent)          \
	X(DEVICES_STATE, INT, false, device, state)           \
	X(DEVICES_WHO, BYTES, false, device, who)             \
	X(DEVICES_CREATED_US, INT, false, device, created_us) \
	X(DEVICES_EXPIRES_US, INT, false, device, expires_us) \
	X(DEVICES_INVITE, BYTES, false, device, invite)

#define HANDOVERS_COLUMNS(X)                                      \
	X(HANDOVERS_CODE, BYTES, false, handover, code)           \
	X(HANDOVERS_ECDH, BYTES, false, handover, ecdh)           \
	X(HANDOVERS_SEALED, BYTES, false, handover, sealed)       \
	X(HANDOVERS_CREATED_US, INT, false, handover, created_us) \
	X(HANDOVERS_EXPIRES_US, INT, false, handover, expires_us)

#define MARKS_COLUMNS(X)                            \
	X(MARKS_DIGEST, BYTES, false, mark, digest) \
	X(MARKS_EXPIRES_US, INT, false, mark, expires_us)

#define SIGNIN_RULES_COLUMNS(X)                               \
	X(SIGNIN_RULES_GROUP, UID, false, signin_rule, group) \
	X(SIGNIN_RULES_IS_CODE_OFF, BOOL, false, signin_rule, is_code_off)

#define ACCESS_REQUESTS_COLUMNS(X)                                        \
	X(ACCESS_REQUESTS_GROUP, UID, false, access_request, group)       \
	X(ACCESS_REQUESTS_IDENTITY, UID, false, access_request, identity) \
	X(ACCESS_REQUESTS_CREATED_US, INT, false, access_request, created_us)

#define EVENTS_COLUMNS(X)                                      \
	X(EVENTS_REVISION, INT, false, event, revision)        \
	X(EVENTS_ORDINAL, INT, false, event, ordinal)          \
	X(EVENTS_ID, TEXT, false, event, id)                   \
	X(EVENTS_TYPE, TEXT, false, event, type)               \
	X(EVENTS_SOURCE, TEXT, false, event, source)           \
	X(EVENTS_SUBJECT, TEXT, false, event, subject)         \
	X(EVENTS_GROUP, UID, true, event, group)               \
	X(EVENTS_ACTOR, UID, true, event, actor)               \
	X(EVENTS_AUDIENCE, TEXT, false, event, audience)       \
	X(EVENTS_METHOD, TEXT, false, event, method)           \
	X(EVENTS_ACT, TEXT, false, event, act)                 \
	X(EVENTS_BODY_TYPE, TEXT, false, event, body_type)     \
	X(EVENTS_BODY, TEXT, false, event, body)               \
	X(EVENTS_REQUEST_ID, TEXT, false, event, request_id)   \
	X(EVENTS_PEER, TEXT, false, event, peer)               \
	X(EVENTS_BY_OPERATOR, BOOL, false, event, by_operator) \
	X(EVENTS_AT_US, INT, false, event, at_us)

/* T(table, its list, row struct): those above come before those that refer to them. */
#define TABLES(T)                                                   \
	T(groups, GROUPS_COLUMNS, group)                            \
	T(limits, LIMITS_COLUMNS, limit)                            \
	T(identities, IDENTITIES_COLUMNS, identity)                 \
	T(roles, ROLES_COLUMNS, role)                               \
	T(bindings, BINDINGS_COLUMNS, binding)                      \
	T(repos, REPOS_COLUMNS, repo)                               \
	T(tags, TAGS_COLUMNS, tag)                                  \
	T(signing_keys, SIGNING_KEYS_COLUMNS, signing_key)          \
	T(setup_codes, SETUP_CODES_COLUMNS, setup_code)             \
	T(facts, FACTS_COLUMNS, fact)                               \
	T(freed_names, FREED_NAMES_COLUMNS, freed_name)             \
	T(providers, PROVIDERS_COLUMNS, provider)                   \
	T(invites, INVITES_COLUMNS, invite)                         \
	T(accounts, ACCOUNTS_COLUMNS, account)                      \
	T(families, FAMILIES_COLUMNS, family)                       \
	T(devices, DEVICES_COLUMNS, device)                         \
	T(handovers, HANDOVERS_COLUMNS, handover)                   \
	T(marks, MARKS_COLUMNS, mark)                               \
	T(signin_rules, SIGNIN_RULES_COLUMNS, signin_rule)          \
	T(access_requests, ACCESS_REQUESTS_COLUMNS, access_request) \
	T(events, EVENTS_COLUMNS, event)

#define COLUMN_CONSTANT_(constant, type, is_optional, row, field) constant,
#define TABLE_ENUM_(table, columns, row) enum table##_column{ columns(COLUMN_CONSTANT_) table##_column_count };
TABLES(TABLE_ENUM_)
#undef TABLE_ENUM_
#undef COLUMN_CONSTANT_

#define TABLE_EXTERN_(name, columns, row) extern const struct table table_##name;
TABLES(TABLE_EXTERN_)
#undef TABLE_EXTERN_

/* All of them in the order of TABLES; *ret_count of them. */
const struct table *const *tables_all(size_t *ret_count);
/* The table's place in tables_all. */
size_t table_index(const struct table *table);
/* Column index by name; -1 when there is none. */
int table_column(const struct table *table, const char *name);

/* Where the column's value stands in a row. */
static inline const void *column_at(const struct column *column, const void *row)
{
	return (const char *)row + column->offset;
}
static inline void *column_in(const struct column *column, void *row)
{
	return (char *)row + column->offset;
}
/* ALREADY_EXISTS for a row that breaks `unique`, or whose key is there where that is NULL. */
FALLIBLE table_taken(const struct table *table, const struct unique *unique, const void *row);
/* Orders two rows by one column, as every store does: bytes, numbers, a none uid first; <0, 0, >0. */
int column_compare(const struct column *column, const void *a, const void *b);
/* The same by the primary key. */
int key_compare(const struct table *table, const void *a, const void *b);

#endif
