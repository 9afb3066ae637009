#include "service/setup.h"

#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/secret.h"
#include "handlers.gen.h"
#include "model/role.h"
#include "model/rules.h"
#include "reeve/v1/setup.pb-c.h"
#include "service/support.h"

#define CODE_LETTERS 8
/* 32 letters: no I, L, O, U, so none looks like another or spells words. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define PAGE_KEY_FACT "page_key"
#define SYSTEM_GROUP_FACT "system_group"
#define SYSTEM_GROUP_NAME "operators"
#define STATUS_READY 2

/* ---- the first start ---- */

static FALLIBLE fact_find(struct tx *tx, const char *name, struct fact *ret_fact, bool *ret_found)
{
	ret_fact->name = slice_str(name);
	return row_find(tx, &table_facts, ret_fact, ret_fact, ret_found);
}

static FALLIBLE make_system_group(struct tx *tx, const struct setup_start *start)
{
	struct group group = { .uid = uid_new_root(start->random),
			       .name = SLICE(SYSTEM_GROUP_NAME),
			       .description = SLICE("Whoever runs this server."),
			       .status = STATUS_READY,
			       .is_system = true,
			       .created_us = start->now_us,
			       .updated_us = start->now_us };
	struct fact fact = { .name = SLICE(SYSTEM_GROUP_FACT), .value = uid_bytes(&group.uid) };

	TRY(row_insert(tx, &table_groups, &group));
	return row_insert(tx, &table_facts, &fact);
}

static FALLIBLE make_page_key(struct tx *tx, const struct setup_start *start)
{
	struct fact fact = { .name = SLICE(PAGE_KEY_FACT), .value = slice_of(start->random + 32, 32) };

	return row_insert(tx, &table_facts, &fact);
}

static bool same_role(const struct role *a, const struct role *b)
{
	return slice_eq(a->name, b->name) && slice_eq(a->description, b->description) && caps_within(&a->caps, &b->caps) &&
	       caps_within(&b->caps, &a->caps);
}

/* A new version may change what a built-in role holds; the rows follow. */
static FALLIBLE write_roles(struct tx *tx, int64_t now_us)
{
	size_t count;
	const struct role *roles = role_builtin_rows(&count);

	for (size_t i = 0; i < count; i++) {
		struct role row = roles[i], stored = { .uid = roles[i].uid };
		bool found;
		TRY(row_find(tx, &table_roles, &stored, &stored, &found));
		if (found && same_role(&stored, &row))
			continue;
		row.created_us = found ? stored.created_us : now_us;
		row.updated_us = now_us;
		TRY(row_put(tx, &table_roles, &row));
	}
	return OK;
}

status setup_prepare(struct tx *tx, void *arg)
{
	struct setup_start *start = arg;
	struct fact fact;
	bool found;

	TRY(fact_find(tx, SYSTEM_GROUP_FACT, &fact, &found));
	start->is_new = !found;
	if (!found)
		TRY(make_system_group(tx, start));
	TRY(fact_find(tx, PAGE_KEY_FACT, &fact, &found));
	if (!found)
		TRY(make_page_key(tx, start));
	return write_roles(tx, start->now_us);
}

FALLIBLE setup_read(struct tx *tx, struct uid *ret_system_group, slice *ret_page_key)
{
	struct fact group, key;
	bool has_group, has_key;

	TRY(fact_find(tx, SYSTEM_GROUP_FACT, &group, &has_group));
	TRY(fact_find(tx, PAGE_KEY_FACT, &key, &has_key));
	if (!has_group || !has_key || !uid_of_bytes(group.value, ret_system_group) || key.value.len != 32)
		return FAIL(FAULT_LOST, "the store lacks what its first start wrote");
	*ret_page_key = key.value;
	return OK;
}

/* ---- codes ---- */

bool setup_code_digest(slice code, uint8_t ret_digest[32])
{
	char canonical[CODE_LETTERS];
	size_t len = 0;

	for (size_t i = 0; i < code.len; i++) {
		char c = code.at[i] >= 'a' && code.at[i] <= 'z' ? (char)(code.at[i] - ('a' - 'A')) : code.at[i];
		if (c == ' ' || c == '-')
			continue;
		if (len == CODE_LETTERS || !c || !strchr(alphabet, c))
			return false;
		canonical[len++] = c;
	}
	return len == CODE_LETTERS && !FAILED(sha256(slice_of(canonical, len), ret_digest));
}

FALLIBLE setup_code_new(struct random *random, int64_t now_us, int64_t life_s, char ret_code[SETUP_CODE_BYTES],
			uint8_t ret_digest[32], struct setup_code *ret_row)
{
	uint8_t bytes[CODE_LETTERS];
	size_t at = 0;

	TRY(random_fill(random, bytes, sizeof(bytes)));
	for (size_t i = 0; i < CODE_LETTERS; i++) {
		if (i == CODE_LETTERS / 2)
			ret_code[at++] = '-';
		ret_code[at++] = alphabet[bytes[i] % 32]; /* 256 is a multiple of 32: no letter is likelier */
	}
	ret_code[at] = '\0';
	if (!setup_code_digest(slice_str(ret_code), ret_digest))
		return FAIL(FAULT_INTERNAL, "cannot make a setup code");
	*ret_row = (struct setup_code){ .digest = slice_of(ret_digest, 32),
					.expires_us = now_us + life_s * US_PER_S,
					.tries_left = SETUP_TRIES };
	return OK;
}

status setup_code_put(struct tx *tx, void *row)
{
	struct query all;
	int64_t replaced;

	query_init(&all);
	TRY(row_delete_all(tx, &table_setup_codes, &all, &replaced));
	return row_insert(tx, &table_setup_codes, row);
}

/* ---- reeve.v1.Setup.Register ---- */

/* Every live code loses a try to a wrong guess; the answer to any failure is the same. The tries must be kept although the
 * call fails: so a wrong code ends in an answer that is written, see below. */
static FALLIBLE use_code(struct call *call, slice text, bool *ret_is_right)
{
	uint8_t digest[32];
	bool is_code = setup_code_digest(text, digest);
	struct query query;
	struct rows rows;

	*ret_is_right = false;
	query_init(&query);
	TRY(row_list(call->tx, &table_setup_codes, &query, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		struct setup_code *row = (struct setup_code *)rows.at + i;
		bool alive = row->tries_left > 0 && row->expires_us > call->now_us, deleted;
		if (alive && is_code && bytes_equal(row->digest, slice_of(digest, sizeof(digest)))) {
			*ret_is_right = true;
			TRY(row_delete(call->tx, &table_setup_codes, row, &deleted));
		} else if (!alive || --row->tries_left == 0) {
			TRY(row_delete(call->tx, &table_setup_codes, row, &deleted));
		} else {
			TRY(row_update(call->tx, &table_setup_codes, row));
		}
	}
	return OK;
}

/* One public key as the JWK set that a static-keys identity keeps. */
static FALLIBLE key_set(struct call *call, const char *jwk, slice *ret_set)
{
	CLEANUP(key_unrefp) struct key *key = NULL;
	struct json_writer writer;
	struct buffer out;

	if (FAILED(key_from_jwk_text(slice_str(jwk), KEY_PUBLIC, &key)))
		return FAIL_FIELD("jwk",
				  "must be one public JSON Web Key: P-256, P-384, P-521, Ed25519 or RSA of 2048 to 4096 bits");
	buffer_init(&out, call->arena, 16384);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_put_name(&writer, SLICE("keys"));
	json_open_array(&writer);
	key_put_jwk(key, &writer);
	json_close_array(&writer);
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL_FIELD("jwk", "is too large");
	*ret_set = buffer_slice(&out);
	return OK;
}

static FALLIBLE make_operator(struct call *call, const char *name, slice keys, struct identity *ret_identity)
{
	struct binding binding = { .role = role_builtin(ROLE_OPERATOR)->uid, .created_us = call->now_us };
	struct identity identity = { .name = slice_str(name),
				     .relationship = RELATIONSHIP_STATIC,
				     .issuer_kind = MATCH_EXACT,
				     .subject_kind = MATCH_EXACT,
				     .issuer_keys = keys,
				     .created_us = call->now_us,
				     .updated_us = call->now_us,
				     .last_seen_us = call->now_us };
	char *text;
	slice page_key;

	TRY(setup_read(call->tx, &identity.parent, &page_key));
	TRY(call_new_child(call, &identity.parent, &identity.uid));
	text = uid_text(&identity.uid, call->arena);
	TRY_NEW(text);
	identity.subject = slice_str(text);
	text = arena_printf(call->arena, "%.*s/machine", SLICE_ARG(call->settings->issuer_url));
	TRY_NEW(text);
	identity.issuer = slice_str(text);
	TRY(row_insert(call->tx, &table_identities, &identity));
	binding.group = identity.parent;
	binding.identity = identity.uid;
	TRY(call_new_child(call, &identity.parent, &binding.uid));
	TRY(row_insert(call->tx, &table_bindings, &binding));
	call_touched(call, &identity.uid, &identity.parent);
	*ret_identity = identity;
	return OK;
}

static FALLIBLE answer(struct call *call, const struct identity *identity, Reeve__V1__RegisterResponse *out)
{
	const struct settings *settings = call->settings;

	TRY(put_uid(call, &identity->uid, &out->identity_uid));
	TRY(put_text(call, settings->issuer_url, &out->issuer));
	TRY(put_text(call, settings->api_url, &out->api));
	TRY(put_text(call, settings->api_url, &out->audience));
	TRY(put_text(call, identity->issuer, &out->assertion_issuer));
	TRY(put_text(call, identity->subject, &out->assertion_subject));
	out->registries = NEW_N(call->arena, char *, settings->registries_count);
	TRY_NEW(out->registries);
	for (size_t i = 0; i < settings->registries_count; i++) {
		TRY(put_text(call, settings->registries[i].host, &out->registries[i]));
		out->n_registries++;
	}
	return OK;
}

status reeve_setup_register(struct call *call, const Reeve__V1__RegisterRequest *in, Reeve__V1__RegisterResponse *out)
{
	struct identity identity;
	bool is_right;
	slice keys;

	if (!call->peer_is_safe)
		return FAIL(FAULT_DENIED, "a setup code is taken over loopback or TLS only");
	TRY(rule_name(slice_str(in->name), "name"));
	TRY(key_set(call, in->jwk, &keys));
	TRY(use_code(call, slice_str(in->code), &is_right));
	if (!is_right)
		return call_fail_kept(
			call, FAULT_DENIED,
			"the setup code is wrong, used or too old; \"reeved setup-code\" on the server prints a new one");
	TRY(make_operator(call, in->name, keys, &identity));
	return answer(call, &identity, out);
}
