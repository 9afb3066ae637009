#include "model/email.h"

#include "model/rules.h"

FALLIBLE email_canonical(struct arena *arena, slice email, const char *field, slice *ret_email)
{
	char *text;

	TRY(rule_email(email, field));
	for (size_t i = 0; i < email.len; i++)
		if (email.at[i] <= 0x20 || email.at[i] >= 0x7f || strchr("\"(),:;<>[\\]", email.at[i]))
			return FAIL_FIELD(field, "must be a plain e-mail address of ASCII characters");
	text = arena_text(arena, email);
	TRY_NEW(text);
	for (size_t i = 0; i < email.len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	*ret_email = slice_of(text, email.len);
	return OK;
}
