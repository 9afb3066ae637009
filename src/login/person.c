#include "login/person.h"

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "iss", offsetof(struct person, issuer) },
	{ "sub", offsetof(struct person, subject) },
	{ "by", offsetof(struct person, connection) },
	{ "email", offsetof(struct person, email) },
	{ "name", offsetof(struct person, name) },
	{ "given_name", offsetof(struct person, given_name) },
	{ "family_name", offsetof(struct person, family_name) },
	{ "picture", offsetof(struct person, picture) },
	{ "groups", offsetof(struct person, groups) },
};
#define TEXTS (sizeof(texts) / sizeof(*texts))

void person_put(struct json_writer *writer, const struct person *person)
{
	char confined_to[UID_TEXT_BYTES];

	json_open_object(writer);
	for (size_t i = 0; i < TEXTS; i++) {
		const slice *text = (const void *)((const char *)person + texts[i].offset);
		if (text->len)
			json_pair_text(writer, texts[i].name, *text);
	}
	if (!uid_is_none(&person->confined_to)) {
		uid_format(&person->confined_to, confined_to);
		json_pair_text(writer, "in", slice_str(confined_to));
	}
	if (person->email_is_verified)
		json_pair_bool(writer, "email_verified", true);
	json_close_object(writer);
}

FALLIBLE person_take(const struct json *object, struct person *ret_person)
{
	struct person person = { .email_is_verified = false };
	slice confined_to;

	for (size_t i = 0; i < TEXTS; i++) {
		slice *text = (void *)((char *)&person + texts[i].offset);
		*text = SLICE("");
		(void)json_text(json_member(object, texts[i].name), text); /* left out: empty */
	}
	(void)json_bool(json_member(object, "email_verified"), &person.email_is_verified); /* left out: false */
	if (json_member(object, "in") &&
	    (!json_text(json_member(object, "in"), &confined_to) || !uid_parse(confined_to, &person.confined_to)))
		return FAIL(FAULT_LOST, "a person is confined to what is no organization");
	if (person.issuer.len == 0 || person.subject.len == 0)
		return FAIL(FAULT_LOST, "a person without issuer or subject");
	*ret_person = person;
	return OK;
}
