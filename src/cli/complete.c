/*
 * complete: completion scripts for bash, zsh and fish, made from the tables; they ask no program at run time.
 */
#include "cli/help.h"

/* Every group of words that leads on, once: the path of each verb cut at each of its words. */
static void each_path(FILE *out, void (*each)(FILE *out, slice path))
{
	each(out, slice_str(""));
	for (size_t i = 0; i < verbs_count; i++) {
		slice words = slice_str(verbs[i].words);

		if (verbs[i].is_hidden)
			continue;
		for (size_t n = 0; n < words.len; n++) {
			slice path = slice_to(words, n);
			bool is_new = words.at[n] == ' ';

			for (size_t k = 0; is_new && k < i; k++)
				is_new = verbs[k].is_hidden || !slice_starts(slice_str(verbs[k].words), slice_to(words, n + 1));
			if (is_new)
				each(out, path);
		}
	}
}

static void word_plain(void *user, slice word, slice summary, bool leads_on)
{
	fprintf(user, "%.*s ", SLICE_ARG(word));
}

static void flags_plain(FILE *out, const struct verb *verb)
{
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		fprintf(out, "--%s ", flags[*at].name);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		if (verb_flag(verb, slice_str(flags[id].name)) == id)
			fprintf(out, "--%s ", flags[id].name);
}

/* --- bash and zsh: tables from path to words and from verb to flags --- */

static void case_words(FILE *out, slice path)
{
	fprintf(out, "\t\"%.*s\") choices=\"", SLICE_ARG(path));
	help_words(path, word_plain, out);
	fputs("\" ;;\n", out);
}

static void case_choices(FILE *out)
{
	for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
		bool is_first = true;

		for (enum flag_id before = 0; before < id; before++)
			is_first &= strcmp(flags[before].name, flags[id].name) != 0;
		if (flags[id].takes != TAKES_CHOICE || !is_first)
			continue;
		fprintf(out, "\t--%s) choices=\"", flags[id].name);
		for (const char *c = flags[id].value; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		fputs("\" ;;\n", out);
	}
	fputs("\t-o|--output) choices=\"csv env id json markdown none table terse tree wide\" ;;\n", out);
}

/* Sets `choices` for what may stand at the cursor, from `path`, `last` (the word before) and `current`. */
static void tables(FILE *out)
{
	fputs("__reeve_words() {\n\tcase \"$1\" in\n", out);
	each_path(out, case_words);
	fputs("\t*) choices=\"\" ;;\n\tesac\n}\n\n__reeve_flags() {\n\tcase \"$1\" in\n", out);
	for (size_t i = 0; i < verbs_count; i++) {
		if (verbs[i].is_hidden)
			continue;
		fprintf(out, "\t\"%s\") choices=\"", verbs[i].words);
		flags_plain(out, &verbs[i]);
		fputs("\" ;;\n", out);
	}
	fputs("\t*) choices=\"--help --config --output\" ;;\n\tesac\n}\n\n__reeve_values() {\n\tcase \"$1\" in\n", out);
	case_choices(out);
	fputs("\t*) choices=\"\" ;;\n\tesac\n}\n\n", out);
	fputs("__reeve_alias() {\n\tcase \"$1\" in\n", out);
	for (size_t i = 0; i < aliases_count; i++)
		fprintf(out, "\t%s) word=%s ;;\n", aliases[i].word, aliases[i].means);
	fputs("\t*) word=$1 ;;\n\tesac\n}\n\n", out);
}

static void complete_bash(FILE *out)
{
	fputs("# bash completion for reeve; made by `reeve completion bash`\n", out);
	tables(out);
	fputs("__reeve() {\n"
	      "\tlocal choices=\"\" word path=\"\" i current=\"${COMP_WORDS[COMP_CWORD]}\" "
	      "last=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
	      "\t__reeve_values \"$last\"\n"
	      "\tif [ -z \"$choices\" ]; then\n"
	      "\t\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\t\tcase \"${COMP_WORDS[i]}\" in -*) continue ;; esac\n"
	      "\t\t\t__reeve_alias \"${COMP_WORDS[i]}\"\n"
	      "\t\t\t__reeve_words \"$path\"\n"
	      "\t\t\tcase \" $choices\" in *\" $word \"*) path=\"${path:+$path }$word\" ;; esac\n"
	      "\t\tdone\n"
	      "\t\tcase \"$current\" in -*) __reeve_flags \"$path\" ;; *) __reeve_words \"$path\" ;; esac\n"
	      "\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
	      "}\n"
	      "complete -o default -F __reeve reeve\n",
	      out);
}

static void complete_zsh(FILE *out)
{
	fputs("#compdef reeve\n# zsh completion for reeve; made by `reeve completion zsh`\n", out);
	tables(out);
	fputs("_reeve() {\n"
	      "\tlocal words_typed=(\"${(@)words}\") at=$CURRENT choices=\"\" word path_typed=\"\" i\n"
	      "\t__reeve_values \"${words_typed[at-1]}\"\n"
	      "\tif [[ -z \"$choices\" ]]; then\n"
	      "\t\tfor ((i = 2; i < at; i++)); do\n"
	      "\t\t\t[[ \"${words_typed[i]}\" == -* ]] && continue\n"
	      "\t\t\t__reeve_alias \"${words_typed[i]}\"\n"
	      "\t\t\t__reeve_words \"$path_typed\"\n"
	      "\t\t\t[[ \" $choices\" == *\" $word \"* ]] && path_typed=\"${path_typed:+$path_typed }$word\"\n"
	      "\t\tdone\n"
	      "\t\tif [[ \"${words_typed[at]}\" == -* ]]; then __reeve_flags \"$path_typed\"; else __reeve_words "
	      "\"$path_typed\"; fi\n"
	      "\tfi\n"
	      "\tif [[ -n \"$choices\" ]]; then compadd -- ${=choices}; else _files; fi\n"
	      "}\n"
	      "compdef _reeve reeve\n",
	      out);
}

/* --- fish: one line a word and a flag --- */

/* Single quotes for fish: ' and \ are escaped. */
static void fish_text(FILE *out, slice text)
{
	fputc('\'', out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\'' || text.at[i] == '\\')
			fputc('\\', out);
		fputc(text.at[i], out);
	}
	fputc('\'', out);
}

struct fish {
	FILE *out;
	slice path;
};

static void fish_word(void *user, slice word, slice summary, bool leads_on)
{
	const struct fish *fish = user;

	char path[128];

	(void)snprintf(path, sizeof(path), "%.*s%s%.*s", SLICE_ARG(fish->path), fish->path.len ? " " : "",
		       SLICE_ARG(word)); /* short */
	fprintf(fish->out, "complete -c reeve -f -n '__reeve_at \"%.*s\"' -a %.*s -d ", SLICE_ARG(fish->path), SLICE_ARG(word));
	fish_text(fish->out, summary.len > 0 ? summary : slice_str(topic_help(slice_str(path))));
	fputc('\n', fish->out);
}

static void fish_words(FILE *out, slice path)
{
	struct fish fish = { out, path };

	help_words(path, fish_word, &fish);
}

static void fish_flag(FILE *out, const char *condition, enum flag_id id)
{
	const struct flag *flag = &flags[id];

	fprintf(out, "complete -c reeve %s -l %s", condition, flag->name);
	if (flag->letter)
		fprintf(out, " -s %c", flag->letter);
	if (flag->takes != TAKES_BOOL)
		fputs(" -r", out);
	if (flag->takes == TAKES_CHOICE) {
		fputs(" -f -a '", out);
		for (const char *c = flag->value; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		fputc('\'', out);
	}
	fputs(" -d ", out);
	fish_text(out, slice_str(flag->help));
	fputc('\n', out);
}

static void complete_fish(FILE *out)
{
	fputs("# fish completion for reeve; made by `reeve completion fish`\n"
	      "function __reeve_at\n"
	      "\tset -l typed (commandline -opc | string match -v -- '-*')\n"
	      "\ttest (string join ' ' $typed[2..]) = \"$argv[1]\"\n"
	      "end\n"
	      "function __reeve_in\n"
	      "\tset -l typed (commandline -opc | string match -v -- '-*')\n"
	      "\tstring match -q -- \"$argv[1]*\" (string join ' ' $typed[2..])\n"
	      "end\n",
	      out);
	each_path(out, fish_words);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		fish_flag(out, "", id);
	for (size_t i = 0; i < verbs_count; i++) {
		char condition[160];

		if (verbs[i].is_hidden)
			continue;
		(void)snprintf(condition, sizeof(condition), "-n '__reeve_in \"%s\"'", verbs[i].words); /* words are short */
		for (const enum flag_id *at = verbs[i].flags; *at != FLAG_END; at++)
			fish_flag(out, condition, *at);
	}
}

bool complete_print(FILE *out, slice shell)
{
	if (slice_is(shell, "bash"))
		complete_bash(out);
	else if (slice_is(shell, "zsh"))
		complete_zsh(out);
	else if (slice_is(shell, "fish"))
		complete_fish(out);
	else
		return false;
	return true;
}
