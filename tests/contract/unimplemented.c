/*
 * unimplemented: the methods that have no handler are those, and only those, that api/unimplemented.txt lists.
 *
 * With a file as argument it compares and fails on a difference; without one it prints the list as it is now.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema/method.h"

static bool listed[METHOD_COUNT];

/* One label a line; "#" begins a comment. False when the file cannot be read or names no method. */
static bool read_list(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[200];
	bool is_good = file != NULL;

	while (file && fgets(line, sizeof(line), file)) {
		slice label = slice_trim(slice_str(line));
		const struct method *method = method_by_label(label);

		if (label.len == 0 || label.at[0] == '#')
			continue;
		if (method)
			listed[method->id] = true;
		else
			printf("%.*s: no such method\n", SLICE_ARG(label));
		is_good &= method != NULL;
	}
	if (file)
		(void)fclose(file); /* only read */
	return is_good;
}

int main(int argc, char **argv)
{
	bool is_good = argc < 2 || read_list(argv[1]);
	unsigned missing = 0;

	for (size_t i = 0; i < METHOD_COUNT; i++) {
		bool is_missing = method_handlers[i] == NULL;

		missing += is_missing;
		if (argc < 2 && is_missing)
			printf("%s\n", methods[i].label);
		if (argc < 2 || is_missing == listed[i])
			continue;
		printf("%s: %s\n", methods[i].label,
		       is_missing ? "has no handler; list it or write it" : "is written; take it off the list");
		is_good = false;
	}
	if (argc >= 2)
		printf("%u of %d methods answer UNIMPLEMENTED\n", missing, METHOD_COUNT);
	return is_good ? 0 : 1;
}
