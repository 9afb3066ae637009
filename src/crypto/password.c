#include "crypto/password.h"

#include <argon2.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/secret.h"

/* OWASP Password Storage: m = 19 MiB, t = 2, p = 1. One lane, because other people's sign-ins use the other cores. */
#define MEMORY_KIB 19456
#define PASSES 2
#define LANES 1
#define HASH_BYTES 32
#define STACK_BYTES ((size_t)256 * 1024)
#define NICE 10 /* gives way at once, and still gets a share of a busy machine */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static unsigned running, waiting;

static FALLIBLE enter(void)
{
	status result = OK;

	pthread_mutex_lock(&lock);
	if (running >= PASSWORD_RUNNING_MAX && waiting >= PASSWORD_WAITING_MAX) {
		result = FAIL(FAULT_EXHAUSTED, "too many people sign in at this moment; try again in a few seconds");
	} else {
		waiting++;
		while (running >= PASSWORD_RUNNING_MAX)
			pthread_cond_wait(&freed, &lock);
		waiting--;
		running++;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

static void leave(void)
{
	pthread_mutex_lock(&lock);
	running--;
	pthread_cond_signal(&freed);
	pthread_mutex_unlock(&lock);
}

/* ---- aside: whoever has something quicker to do goes first ---- */

struct hashing {
	slice password;
	const uint8_t *salt;
	char *text;    /* the hash's text form, written or read */
	bool is_check; /* against text */
	int code;
};

static void *hash_aside(void *arg)
{
	struct hashing *hashing = arg;
	slice password = hashing->password;

	if (hashing->is_check)
		hashing->code = argon2id_verify(hashing->text, password.at, password.len); /* compares in constant time */
	else
		hashing->code = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.at, password.len, hashing->salt,
						      PASSWORD_SALT_BYTES, HASH_BYTES, hashing->text, PASSWORD_HASH_BYTES_MAX);
	return NULL;
}

static void *hash_politely(void *arg)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* not allowed: others wait a little longer */
	return hash_aside(arg);
}

/* In a thread of its own, since a thread that gave its priority up cannot take it back. */
static FALLIBLE run(struct hashing *hashing)
{
	pthread_attr_t attributes;
	pthread_t thread = 0;
	int made = -1;

	TRY(enter());
	if (pthread_attr_init(&attributes) == 0) {
		if (pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0)
			made = pthread_create(&thread, &attributes, hash_politely, hashing);
		(void)pthread_attr_destroy(&attributes); /* cannot fail on Linux */
	}
	if (made == 0)
		(void)pthread_join(thread, NULL); /* it is joinable and not ourselves */
	else
		(void)hash_aside(hashing); /* no thread to be had: here, then */
	leave();
	return OK;
}

static FALLIBLE hash_into(slice password, const uint8_t salt[PASSWORD_SALT_BYTES], char into[PASSWORD_HASH_BYTES_MAX])
{
	struct hashing hashing = { .password = password, .salt = salt, .text = into };

	TRY(run(&hashing));
	if (hashing.code != ARGON2_OK)
		return FAIL(FAULT_EXHAUSTED, "no memory to hash a password: %s", argon2_error_message(hashing.code));
	return OK;
}

FALLIBLE password_hash(struct arena *arena, slice password, const uint8_t salt[PASSWORD_SALT_BYTES], slice *ret_text)
{
	char text[PASSWORD_HASH_BYTES_MAX];

	if (password.len > PASSWORD_BYTES_MAX)
		return FAIL(FAULT_INVALID, "the password is too long");
	TRY(hash_into(password, salt, text));
	*ret_text = arena_copy(arena, slice_str(text));
	TRY_NEW(ret_text->at);
	return OK;
}

/* The same memory, passes and comparison as a real one; its answer is thrown away. */
static FALLIBLE check_nothing(slice password)
{
	static const uint8_t salt[PASSWORD_SALT_BYTES] = { 'n', 'o', 'b', 'o', 'd', 'y' };
	char text[PASSWORD_HASH_BYTES_MAX];

	return hash_into(password, salt, text);
}

FALLIBLE password_check(slice password, slice text, bool *ret_is_right)
{
	char kept[PASSWORD_HASH_BYTES_MAX];
	struct hashing hashing = { .text = kept, .is_check = true };

	*ret_is_right = false;
	if (password.len > PASSWORD_BYTES_MAX)
		password = slice_to(password, PASSWORD_BYTES_MAX); /* no such password was ever taken: only the work counts */
	if (text.len == 0 || text.len >= sizeof(kept))
		return check_nothing(password);
	memcpy(kept, text.at, text.len);
	kept[text.len] = '\0';
	hashing.password = password;
	TRY(run(&hashing));
	bytes_wipe(kept, sizeof(kept));
	if (hashing.code != ARGON2_OK && hashing.code != ARGON2_VERIFY_MISMATCH)
		return FAIL(FAULT_EXHAUSTED, "the password could not be checked: %s", argon2_error_message(hashing.code));
	*ret_is_right = hashing.code == ARGON2_OK;
	return OK;
}
