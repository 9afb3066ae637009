/*
 * issuer: the parts of this room put together, and the documents it publishes.
 */
#include "base/mem.h"
#include "fetch/url.h"
#include "token/issuer_impl.h"

#define OWN_BYTES ((size_t)256 * 1024)
#define DOCUMENT_BYTES ((size_t)128 * 1024)
#define RELATIONS_DEFAULT 4096
#define UPSTREAMS_DEFAULT 256

static FALLIBLE copy(struct issuer *issuer, slice *text)
{
	*text = arena_copy(issuer->own, *text);
	TRY_NEW(text->at);
	return OK;
}

static FALLIBLE copy_list(struct issuer *issuer, const slice **list, size_t count)
{
	slice *fresh = NEW_N(issuer->own, slice, count);

	TRY_NEW(fresh);
	for (size_t i = 0; i < count; i++) {
		fresh[i] = (*list)[i];
		TRY(copy(issuer, &fresh[i]));
	}
	*list = fresh;
	return OK;
}

static FALLIBLE copy_connections(struct issuer *issuer)
{
	size_t count = issuer->options.connections_count;
	struct issuer_connection *fresh = NEW_N(issuer->own, struct issuer_connection, count);

	TRY_NEW(fresh);
	for (size_t i = 0; i < count; i++) {
		fresh[i] = issuer->options.connections[i];
		TRY(copy(issuer, &fresh[i].name));
		TRY(copy(issuer, &fresh[i].issuer));
		TRY(copy(issuer, &fresh[i].client_id));
	}
	issuer->options.connections = fresh;
	return OK;
}

static FALLIBLE copy_options(struct issuer *issuer, const struct issuer_options *options)
{
	struct issuer_options *own = &issuer->options;
	struct url url;

	*own = *options;
	TRY(copy(issuer, &own->url));
	TRY(copy(issuer, &own->api_url));
	TRY(copy(issuer, &own->algorithm));
	TRY(copy(issuer, &own->data_folder));
	TRY(copy_list(issuer, &own->audiences, own->audiences_count));
	TRY(copy_list(issuer, &own->registries, own->registries_count));
	TRY(copy_list(issuer, &own->issuer_allow, own->issuer_allow_count));
	TRY(copy_list(issuer, &own->clients, own->clients_count));
	TRY(copy_connections(issuer));
	TRY(url_parse(own->url, &url));
	issuer->host = url.host;
	return OK;
}

static FALLIBLE open_all(struct issuer *issuer, const struct issuer_options *options)
{
	issuer->own = arena_new(OWN_BYTES);
	TRY_NEW(issuer->own);
	TRY(copy_options(issuer, options));
	issuer->upstreams = upstreams_new(options->upstream_cache_max ? options->upstream_cache_max : UPSTREAMS_DEFAULT);
	issuer->relations =
		relations_new(options->relationship_cache_max ? options->relationship_cache_max : RELATIONS_DEFAULT);
	TRY_NEW(issuer->upstreams);
	TRY_NEW(issuer->relations);
	return vault_open(issuer->options.data_folder, options->random, &issuer->vault);
}

FALLIBLE issuer_new(const struct issuer_options *options, struct store *store, struct authz *authz, struct fetcher *fetcher,
		    struct issuer **ret_issuer)
{
	struct issuer *issuer = NEW_ZERO(struct issuer);
	status result;

	TRY_NEW(issuer);
	issuer->store = store;
	issuer->authz = authz;
	issuer->fetcher = fetcher;
	(void)pthread_mutex_init(&issuer->keyset_lock, NULL); /* cannot fail on Linux with default attributes */
	(void)pthread_mutex_init(&issuer->rotate_lock, NULL);
	issuer_set_lives(issuer, options->access_life_s, options->registry_life_s);
	result = open_all(issuer, options);
	if (FAILED(result)) {
		issuer_free(issuer);
		return result;
	}
	*ret_issuer = issuer;
	return OK;
}

void issuer_set_lives(struct issuer *issuer, int64_t access_life_s, int64_t registry_life_s)
{
	atomic_store_explicit(&issuer->access_life_s, access_life_s, memory_order_relaxed);
	atomic_store_explicit(&issuer->registry_life_s, registry_life_s, memory_order_relaxed);
}

struct issuer *issuer_free(struct issuer *issuer)
{
	if (!issuer)
		return NULL;
	issuer->keyset = keyset_unref(issuer->keyset);
	issuer->authority = vault_key_unref(issuer->authority);
	issuer->upstreams = upstreams_free(issuer->upstreams);
	issuer->relations = relations_free(issuer->relations);
	issuer->vault = vault_free(issuer->vault);
	issuer->own = arena_free(issuer->own);
	(void)pthread_mutex_destroy(&issuer->keyset_lock); /* nobody is left */
	(void)pthread_mutex_destroy(&issuer->rotate_lock);
	return mem_free(issuer);
}

FALLIBLE issuer_start(struct issuer *issuer)
{
	return rotate_start(issuer);
}

status issuer_apply(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct issuer *issuer = user;

	(void)revision;
	relations_forget(issuer->relations, changes, count);
	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHANGE_KEY)
			return rotate_reload(issuer, tx);
	return OK;
}

struct keyset *issuer_keyset(struct issuer *issuer)
{
	struct keyset *keyset;

	pthread_mutex_lock(&issuer->keyset_lock);
	keyset = keyset_ref(issuer->keyset);
	pthread_mutex_unlock(&issuer->keyset_lock);
	return keyset;
}

FALLIBLE issuer_active_key(struct issuer *issuer, struct arena *arena, struct issuer_key *ret_key)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = issuer_keyset(issuer);
	const struct keyset_key *key = keyset_signer(keyset, issuer_now_us(issuer));

	if (!key)
		return FAIL(FAULT_UNAVAILABLE, "there is no signing key");
	*ret_key = (struct issuer_key){ arena_copy(arena, key->kid), slice_str(alg_name(key->alg)), key->active_us };
	TRY_NEW(ret_key->kid.at);
	return OK;
}

slice issuer_url(const struct issuer *issuer)
{
	return issuer->options.url;
}

slice issuer_api_url(const struct issuer *issuer)
{
	return issuer->options.api_url;
}

/* ---- documents ---- */

static void put_texts(struct json_writer *writer, const char *name, const char *const *texts, size_t count)
{
	json_put_name(writer, slice_str(name));
	json_open_array(writer);
	for (size_t i = 0; i < count; i++)
		json_put_text(writer, slice_str(texts[i]));
	json_close_array(writer);
}

static void put_url(struct json_writer *writer, const struct issuer *issuer, struct arena *arena, const char *name,
		    const char *path)
{
	char *url = arena_printf(arena, "%.*s%s", SLICE_ARG(issuer->options.url), path);

	json_pair_text(writer, name, slice_str(url));
}

FALLIBLE issuer_discovery(struct issuer *issuer, struct arena *arena, slice *ret_json)
{
	static const char *const
		algorithms[] = { "ES256", "RS256" },
		*const responses[] = { "code" }, *const subjects[] = { "public" }, *const challenges[] = { "S256" },
		*const methods[] = { "none" }, *const scopes[] = { "openid", "email", "profile", "offline_access" },
		*const grants[] = { "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code" };
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, DOCUMENT_BYTES);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_pair_text(&writer, "issuer", issuer->options.url);
	put_url(&writer, issuer, arena, "jwks_uri", "/.well-known/jwks.json");
	put_url(&writer, issuer, arena, "authorization_endpoint", "/oauth2/authorize");
	put_url(&writer, issuer, arena, "token_endpoint", "/oauth2/token");
	put_url(&writer, issuer, arena, "device_authorization_endpoint", "/oauth2/device_authorization");
	put_texts(&writer, "response_types_supported", responses, 1);
	put_texts(&writer, "grant_types_supported", grants, 3);
	put_texts(&writer, "scopes_supported", scopes, 4);
	put_texts(&writer, "token_endpoint_auth_methods_supported", methods, 1);
	put_texts(&writer, "code_challenge_methods_supported", challenges, 1);
	json_pair_bool(&writer, "authorization_response_iss_parameter_supported", true);
	put_texts(&writer, "subject_types_supported", subjects, 1);
	put_texts(&writer, "id_token_signing_alg_values_supported", algorithms, 2);
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory for the document");
	*ret_json = buffer_slice(&out);
	return OK;
}

FALLIBLE issuer_jwks(struct issuer *issuer, struct arena *arena, slice *ret_json)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = issuer_keyset(issuer);
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, DOCUMENT_BYTES);
	json_writer_init(&writer, &out);
	keyset_put(keyset, issuer_now_us(issuer), &writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory for the document");
	*ret_json = buffer_slice(&out);
	return OK;
}

FALLIBLE issuer_registry_ca(struct issuer *issuer, struct arena *arena, slice *ret_pem)
{
	struct buffer out;

	buffer_init(&out, arena, DOCUMENT_BYTES);
	x509_put_pem(&out, issuer->authority_der);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory for the document");
	*ret_pem = buffer_slice(&out);
	return OK;
}
