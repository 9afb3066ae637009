/*
 * nouns: the rows Reeve keeps, as plain structs.
 *
 * Slices point into the arena of whoever read the row; times are microseconds UTC, 0 = unset. A struct here is what
 * store/tables.c describes column by column; what a field means is in spec model.md.
 */
#ifndef MODEL_NOUNS_H
#define MODEL_NOUNS_H

#include "model/caps.h"
#include "model/uid.h"

/* Organizations (root groups) and folders. */
#define GROUP_DEPTH_MAX 20
struct group {
	struct uid uid, parent; /* parent is none for an organization */
	slice name, description;
	bool is_verified;
	int64_t kind;   /* ORG_KIND_ number */
	int64_t status; /* ORG_STATUS_ number */
	bool is_system; /* the operators' group: hidden from everyone else, cannot be deleted */
	int64_t created_us, updated_us;
};

/* How many of a kind an organization may have; kind is "clusters", "idps", "repositories", "identities", "folders". */
struct limit {
	struct uid group;
	slice kind;
	int64_t most;
};

enum relationship { RELATIONSHIP_NONE, RELATIONSHIP_CLAIM_MATCH, RELATIONSHIP_STATIC, RELATIONSHIP_AWS, RELATIONSHIP_SERVICE };

/* A text that is matched exactly or as a pattern. */
enum match_kind { MATCH_UNSET, MATCH_EXACT, MATCH_PATTERN };

struct identity {
	struct uid uid, parent; /* parent is none for a user */
	slice name, description;
	slice email, email_unverified, company;
	int64_t relationship;                             /* enum relationship */
	int64_t issuer_kind, subject_kind, audience_kind; /* enum match_kind */
	slice issuer, subject, audience;                  /* of claim match and static keys (exact) */
	slice claims, claim_patterns;                     /* JSON objects of strings, members in the order given; "" = none */
	slice issuer_keys;                                /* static keys: as given, any text */
	slice audiences;                                  /* static keys: JSON array of strings; "" = none */
	int64_t expires_us;                               /* static keys; 0 = never (operators' machine keys alone) */
	slice aws_account, aws_arn, aws_user_id;
	int64_t aws_arn_kind, aws_user_id_kind; /* enum match_kind */
	int64_t service_principal;
	bool is_pull_token;
	int64_t created_us, updated_us, last_seen_us;
};

struct role {
	struct uid uid, parent; /* parent is none for a built-in one */
	slice name, description;
	struct caps caps;
	int64_t created_us, updated_us;
};

struct binding {
	struct uid uid, group, identity, role;
	int64_t not_before_s, expires_s; /* 0 = no bound */
	int64_t created_us;
};

struct repo {
	struct uid uid, parent;
	slice name, description, readme;
	int64_t tier;                        /* v2 CATALOG_TIER_ number */
	slice bundles, aliases, active_tags; /* JSON arrays of strings; "" = none */
	slice sync_config, custom_overlay;   /* v2 wire bytes; "" = none */
	int64_t created_us, updated_us;
};

/* What a tag's name says it is (spec cli.md 3.13): most lists leave all but plain ones out. */
enum tag_kind { TAG_PLAIN, TAG_REFERRER, TAG_DATE, TAG_EPOCH };

struct tag {
	struct uid uid, parent; /* parent is the repository */
	slice name, digest, bundles;
	bool is_deprecated;
	int64_t kind; /* enum tag_kind, from the name */
	int64_t created_us, updated_us;
};

/* A signing key: published from created_us, signs from active_us, verified until retired_us. */
struct signing_key {
	slice kid, algorithm;                      /* RFC 7638 thumbprint; "ES256" or "RS256" */
	slice sealed;                              /* private key in DER, sealed with the data folder's key */
	slice certificate;                         /* DER leaf for the registry's x5c */
	int64_t created_us, active_us, retired_us; /* retired_us 0 = in use */
};

/* The one-time code of the first operator (and later ones). */
struct setup_code {
	slice digest; /* SHA-256 of the canonical code */
	int64_t expires_us, tries_left;
};

/* Single facts: "epoch", "registry_ca", … sealed where secret. */
struct fact {
	slice name, value;
};

/* A name in a registry's paths whose bearer is gone; only the same one may bear it again. */
struct freed_name {
	struct uid parent;
	slice name; /* of a folder with a '/' behind it: "ci/"; of a repository as it is */
	struct uid holder;
	int64_t freed_us;
};

/* ---- people ---- */

/* An organization's own OpenID Connect provider. */
struct provider {
	struct uid uid, parent; /* parent is the organization */
	slice name, description;
	slice issuer, client_id;
	slice secret;        /* sealed; "" = none */
	slice scopes;        /* JSON array of strings, asked for besides openid; "" = none */
	struct uid role;     /* granted at the first sign-in; none: nothing */
	slice groups_claim;  /* "" = off */
	int64_t correlation; /* CORRELATION_RULE_ number */
	bool is_pkce;
	int64_t created_us, updated_us;
};

/* An invite: its code is never kept, only what proves it. */
struct invite {
	struct uid uid, group, role;
	slice digest; /* SHA-256 of the code's secret */
	slice key_id; /* names the code in lists; not the secret */
	slice email;  /* only who has this verified address may accept; "" = anyone */
	bool is_single_use;
	struct uid author; /* whose rights bound what it gives, asked again when it is accepted */
	struct uid author_confined_to;
	int64_t expires_us, created_us;
};

/* A local account: who signs in here with a password. */
struct account {
	slice login;   /* canonical e-mail address; the key */
	slice subject; /* random, never reused: `sub` under the local issuer */
	slice name;
	slice password;     /* argon2id in its text form; "" = none set yet */
	slice reset_digest; /* SHA-256 of the one-time link's secret; "" = none out */
	int64_t reset_expires_us;
	bool is_email_verified; /* the address came with an invite that named it, or was proved by a mailed link */
	bool is_disabled;
	int64_t created_us, changed_us; /* changed_us: the password */
};

/* A family of refresh tokens: one person, signed in once, on one device. */
struct family {
	slice id; /* 16 random bytes; the key */
	struct uid identity;
	struct uid confined_to; /* begun at an organization's own provider; else none */
	slice client_id;
	slice act;             /* JSON object of strings, as access tokens carry it */
	slice email, upstream; /* upstream: JSON object, "" = none */
	bool is_email_verified;
	slice peer, agent;                       /* where it began */
	int64_t generation;                      /* of the newest token */
	int64_t rotated_us;                      /* when that one was made */
	int64_t created_us, expires_us, idle_us; /* idle_us: ends when unused until then */
};

/* A device that waits for its code to be entered elsewhere (RFC 8628). */
enum device_state { DEVICE_WAITING, DEVICE_APPROVED, DEVICE_DENIED };
struct device {
	slice digest;    /* SHA-256 of the device code; the key */
	slice user_code; /* SHA-256 of the canonical eight characters */
	slice client_id, scope;
	slice peer, agent;
	int64_t state; /* enum device_state */
	slice who;     /* once approved: the sealed answer to "who signed in" */
	int64_t created_us, expires_us;
	slice invite; /* while it waits: the sealed code of an invitation that the device brought; "" = none */
};

/* A finished headless sign-in, waiting to be fetched once. */
struct handover {
	slice code;   /* the client's X25519 public key, 32 bytes; the key */
	slice ecdh;   /* ours */
	slice sealed; /* nonce, ciphertext, tag */
	int64_t created_us, expires_us;
};

/* Something that may be used once, and was. */
struct mark {
	slice digest; /* SHA-256 over a label and the thing */
	int64_t expires_us;
};

/* How an organization's people may sign in. */
struct signin_rule {
	struct uid group;
	bool is_code_off; /* no sign-in by a code that is entered elsewhere */
};

/* Somebody asked an organization's owners to be let in. */
struct access_request {
	struct uid group, identity;
	int64_t created_us;
};

/* What happened, kept with the change that made it: the audit record of a mutation and the event to deliver. */
struct event {
	int64_t revision, ordinal;   /* the commit's number and the place in it */
	slice id;                    /* UUID text */
	slice type, source, subject; /* CloudEvents; type "" = an audit record without an event */
	struct uid group, actor;
	slice audience;        /* "customer" or "internal" */
	slice method;          /* "iam.v2.groups.create_group" */
	slice act;             /* JSON object of strings */
	slice body_type, body; /* full message name and proto JSON, redacted */
	slice request_id, peer;
	bool by_operator; /* an operator's standing allowed it */
	int64_t at_us;
};

#endif
