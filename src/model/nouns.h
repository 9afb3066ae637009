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
