#include "login/template.h"

#include "test.h"

static slice render(struct arena *arena, const char *text, struct values *values)
{
	struct template *template;
	struct buffer out;

	CHECK_OK(template_parse(arena, "t", slice_str(text), &template));
	buffer_init(&out, arena, 4096);
	CHECK_OK(template_render(NULL, template, values, &out));
	return buffer_slice(&out);
}

static slice render_one(struct arena *arena, const char *text, const char *value)
{
	struct values *values = values_new(arena);

	value_text(values, "v", slice_str(value));
	return render(arena, text, values);
}

TEST(a_value_in_text_never_opens_a_tag)
{
	struct arena *arena = arena_new(1 << 20);

	CHECK_SLICE(render_one(arena, "<p>{{v}}</p>", "<script>alert('x')&\"</script>"),
		    "<p>&lt;script&gt;alert(&#39;x&#39;)&amp;&quot;&lt;/script&gt;</p>");
	arena_free(arena);
}

TEST(a_value_in_an_attribute_never_ends_it)
{
	struct arena *arena = arena_new(1 << 20);

	CHECK_SLICE(render_one(arena, "<input value=\"{{v}}\">", "\" autofocus onfocus=\"alert(1)"),
		    "<input value=\"&quot; autofocus onfocus=&quot;alert(1)\">");
	arena_free(arena);
}

TEST(a_value_in_a_query_is_one_parameter_and_no_more)
{
	struct arena *arena = arena_new(1 << 20);

	CHECK_SLICE(render_one(arena, "<a href=\"/x?flow={{v}}&amp;y=1\">z</a>", "a&b=c\" #"),
		    "<a href=\"/x?flow=a%26b%3Dc%22%20%23&amp;y=1\">z</a>");
	CHECK_SLICE(render_one(arena, "<a href=\"/x/{{v}}\">z</a>", "../y?z"), "<a href=\"/x/..%2Fy%3Fz\">z</a>");
	arena_free(arena);
}

TEST(a_whole_url_is_a_path_of_ours_or_http)
{
	static const char *const bad[] = { "javascript:alert(1)",
					   "//evil.example",
					   "/\\evil.example",
					   "data:text/html,x",
					   " https://x",
					   "JAVASCRIPT:alert(1)",
					   "/a b",
					   "https:evil",
					   "" };
	struct arena *arena = arena_new(1 << 20);
	struct template *template;
	struct buffer out;

	CHECK_SLICE(render_one(arena, "<a href=\"{{v}}\">z</a>", "https://a.example/?b=c&d=e"),
		    "<a href=\"https://a.example/?b=c&amp;d=e\">z</a>");
	CHECK_OK(template_parse(arena, "t", SLICE("<a href=\"{{v}}\">z</a>"), &template));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct values *values = values_new(arena);

		value_text(values, "v", slice_str(bad[i]));
		buffer_init(&out, arena, 4096);
		CHECK_FAULT(FAULT_INTERNAL, template_render(NULL, template, values, &out));
	}
	arena_free(arena);
}

TEST(characters_that_turn_the_text_around_are_shown_as_such)
{
	struct arena *arena = arena_new(1 << 20);

	CHECK_SLICE(render_one(arena, "<p>{{v}}</p>",
			       "a\xe2\x80\xae"
			       "b\x07"
			       "c"),
		    "<p>a\xef\xbf\xbd"
		    "b\xef\xbf\xbd"
		    "c</p>");
	arena_free(arena);
}

TEST(a_hole_in_any_other_place_is_refused_when_parsed)
{
	static const char *const bad[] = {
		"<{{v}}>",
		"<p {{v}}>",
		"<p {{v}}=\"x\">",
		"<p class={{v}}>",
		"<p class='{{v}}'>",
		"<a href=\"x{{v}}\">z</a>",
		"<a href=\"https://{{v}}\">z</a>",
		"<a href=\"{{v}}x\">z</a>",
		"<a href=\"//{{v}}\">z</a>",
		"<p onclick=\"{{v}}\">",
		"<p style=\"{{v}}\">",
		"<iframe srcdoc=\"{{v}}\">",
		"<script>{{v}}</script>",
		"<style>{{v}}</style>",
		"<!-- {{v}} -->",
		"<p>{{v}",
		"<p>{{}}</p>",
		"<p>{{V}}</p>",
		"<p",
		"<p>{{#v}}x",
		"<p>{{/v}}</p>",
		"<p>{{#v}}<a {{/v}}></p>",
		"<p class=\"{{#v}}x{{/v}}\">",
		"<p>{{{v}}}</p>",
		"<SCRIPT>",
		"<a href=\"/{{v}}/{{v}}\">z</a>",
	};
	struct arena *arena = arena_new(1 << 24);
	struct template *template;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_FAULT(FAULT_INVALID, template_parse(arena, bad[i], slice_str(bad[i]), &template));
	arena_free(arena);
}

TEST(a_list_shows_its_inside_once_for_each_item)
{
	struct arena *arena = arena_new(1 << 20);
	struct values *values = values_new(arena);

	value_text(values, "outer", SLICE("o"));
	value_text(value_item(values, "items"), "v", SLICE("1"));
	value_text(value_item(values, "items"), "v", SLICE("2"));
	value_flag(values, "off", false);
	CHECK_SLICE(render(arena, "{{#items}}{{v}}{{outer}};{{/items}}{{#off}}x{{/off}}{{^off}}y{{/off}}{{#none}}z{{/none}}",
			   values),
		    "1o;2o;y");
	arena_free(arena);
}

TEST(a_hole_without_a_value_fails_instead_of_showing_nothing)
{
	struct arena *arena = arena_new(1 << 20);
	struct template *template;
	struct buffer out;

	CHECK_OK(template_parse(arena, "t", SLICE("<p>{{v}}</p>"), &template));
	buffer_init(&out, arena, 4096);
	CHECK_FAULT(FAULT_INTERNAL, template_render(NULL, template, values_new(arena), &out));
	arena_free(arena);
}

TESTS(a_value_in_text_never_opens_a_tag, a_value_in_an_attribute_never_ends_it, a_value_in_a_query_is_one_parameter_and_no_more,
      a_whole_url_is_a_path_of_ours_or_http, characters_that_turn_the_text_around_are_shown_as_such,
      a_hole_in_any_other_place_is_refused_when_parsed, a_list_shows_its_inside_once_for_each_item,
      a_hole_without_a_value_fails_instead_of_showing_nothing)
