#include "model/rules.h"

#define DIGEST_DIGITS 64
#define AWS_ACCOUNT_DIGITS 12
#define LABEL_BYTES_MAX 63 /* RFC 1035 section 2.3.4 */
#define FIRST_PRINTABLE 0x20
#define DELETE 0x7f
#define UTF8_BYTES_MAX 4

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_or_digit(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_alphanumeric(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Every byte is a lower-case letter, a digit, or in `others`. */
static bool is_made_of(slice text, const char *others)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_lower_or_digit(text.at[i]) && (!text.at[i] || !strchr(others, text.at[i])))
			return false;
	return true;
}

status rule_name(slice name, const char *field)
{
	if (name.len < 1 || name.len > NAME_BYTES_MAX || !is_made_of(name, " ._-"))
		return FAIL_FIELD(field, "must match ^[a-z0-9 ._-]{1,%d}$", NAME_BYTES_MAX);
	return OK;
}

status rule_text(slice text, size_t most, bool is_optional, const char *field)
{
	if (!text.len && !is_optional)
		return FAIL_FIELD(field, "must not be empty");
	if (text.len > most)
		return FAIL_FIELD(field, "must be at most %zu bytes", most);
	if (!slice_is_text(text))
		return FAIL_FIELD(field, "must be UTF-8 without NUL");
	return OK;
}

status rule_description(slice text, const char *field)
{
	return rule_text(text, DESCRIPTION_BYTES_MAX, true, field);
}

status rule_line(slice text, const char *field)
{
	size_t characters = 0;

	TRY(rule_text(text, (size_t)LINE_CHARACTERS_MAX * UTF8_BYTES_MAX, true, field));
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] < FIRST_PRINTABLE || text.at[i] == DELETE)
			return FAIL_FIELD(field, "must be one line without tabs or control characters");
		characters += ((unsigned char)text.at[i] & 0xc0) != 0x80; /* not a continuation byte */
	}
	if (characters > LINE_CHARACTERS_MAX)
		return FAIL_FIELD(field, "must be at most %d characters", LINE_CHARACTERS_MAX);
	return OK;
}

/* RFC 1123 section 2.1: letters, digits and inner hyphens. */
static bool is_label(slice label)
{
	if (!label.len || label.len > LABEL_BYTES_MAX || label.at[0] == '-' || label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_alphanumeric(label.at[i]) && label.at[i] != '-')
			return false;
	return true;
}

/* Labels joined by dots, at least `least` of them. */
static bool is_domain(slice domain, size_t least)
{
	slice label, rest = domain;
	size_t labels = 0;
	bool more = true;

	while (more) {
		more = slice_cut(rest, '.', &label, &rest);
		if (!is_label(label))
			return false;
		labels++;
	}
	return labels >= least;
}

status rule_email(slice email, const char *field)
{
	slice local, domain;

	TRY(rule_text(email, EMAIL_BYTES_MAX, false, field));
	if (!slice_cut(email, '@', &local, &domain) || !local.len || !is_domain(domain, 1))
		return FAIL_FIELD(field, "must be an e-mail address: one @ before a domain");
	for (size_t i = 0; i < local.len; i++)
		if ((unsigned char)local.at[i] <= FIRST_PRINTABLE || local.at[i] == DELETE)
			return FAIL_FIELD(field, "must be an e-mail address without white space");
	return OK;
}

status rule_digest(slice digest, const char *field)
{
	slice hex = slice_from(digest, sizeof("sha256:") - 1);

	if (!slice_starts(digest, SLICE("sha256:")) || hex.len != DIGEST_DIGITS)
		return FAIL_FIELD(field, "must be sha256: and %d lower-case hex digits", DIGEST_DIGITS);
	for (size_t i = 0; i < hex.len; i++)
		if (!is_digit(hex.at[i]) && !(hex.at[i] >= 'a' && hex.at[i] <= 'f'))
			return FAIL_FIELD(field, "must be sha256: and %d lower-case hex digits", DIGEST_DIGITS);
	return OK;
}

status rule_tag(slice tag, const char *field)
{
	bool is_tag = tag.len >= 1 && tag.len <= TAG_BYTES_MAX && tag.at[0] != '.' && tag.at[0] != '-';

	for (size_t i = 0; i < tag.len && is_tag; i++)
		is_tag = is_alphanumeric(tag.at[i]) || tag.at[i] == '_' || tag.at[i] == '.' || tag.at[i] == '-';
	if (!is_tag)
		return FAIL_FIELD(field, "must match ^[A-Za-z0-9_][A-Za-z0-9._-]{0,%d}$", TAG_BYTES_MAX - 1);
	return OK;
}

/* How many bytes of a separator stand at the front: one of . _ __ or hyphens; 0 when none does. */
static size_t separator_len(slice s)
{
	size_t len = 0;

	while (len < s.len && s.at[len] == '-')
		len++;
	if (len || !s.len)
		return len;
	if (s.at[0] == '.')
		return 1;
	if (s.at[0] == '_')
		return s.len > 1 && s.at[1] == '_' ? 2 : 1;
	return 0;
}

bool rule_is_path_component(slice name)
{
	size_t run, gap;

	if (!name.len || name.len > REPO_PATH_BYTES_MAX)
		return false;
	while (name.len) {
		for (run = 0; run < name.len && is_lower_or_digit(name.at[run]); run++)
			;
		if (!run)
			return false;
		name = slice_from(name, run);
		gap = separator_len(name);
		if (name.len && (!gap || gap == name.len))
			return false; /* a strange byte, or nothing behind the separator */
		name = slice_from(name, gap);
	}
	return true;
}

status rule_path_component(slice name, const char *field)
{
	if (!rule_is_path_component(name))
		return FAIL_FIELD(field,
				  "must be a component of a repository path: runs of a-z and 0-9 joined by one of \".\", "
				  "\"_\", \"__\" or hyphens, at most %d bytes",
				  REPO_PATH_BYTES_MAX);
	return OK;
}

status rule_verified_name(slice name, const char *field)
{
	bool has_letter = false;
	size_t last_label = name.len;

	TRY(rule_name(name, field));
	while (last_label && name.at[last_label - 1] != '.')
		last_label--;
	for (size_t i = last_label; i < name.len; i++)
		has_letter = has_letter || is_lower(name.at[i]);
	if (!is_domain(name, 2) || !has_letter || !rule_is_path_component(name))
		return FAIL_FIELD(field,
				  "must be a DNS domain such as example.com: a verified name stands in repository paths");
	return OK;
}

status rule_aws_account(slice account, const char *field)
{
	bool is_account = account.len == AWS_ACCOUNT_DIGITS;

	for (size_t i = 0; i < account.len && is_account; i++)
		is_account = is_digit(account.at[i]);
	if (!is_account)
		return FAIL_FIELD(field, "must match ^[0-9]{%d}$", AWS_ACCOUNT_DIGITS);
	return OK;
}
