/*
 * qr: a text as a QR code in half blocks: two rows of modules a line.
 */
#include "cli/waiting.h"

#ifdef HAVE_QRENCODE
#include <qrencode.h>

#define QUIET 2 /* modules of margin; four by the standard, but scanners read two and terminals are small */

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1);
}

/* Light modules are painted, so that it is read on dark terminals; colours make it the same on light ones. */
static void put_code(struct buffer *out, const QRcode *code)
{
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		buffer_text(out, "    \033[97;40m");
		for (int x = -QUIET; x < code->width + QUIET; x++) {
			bool upper = !is_dark(code, x, y), lower = y + 1 < code->width + QUIET && !is_dark(code, x, y + 1);

			buffer_text(out, upper && lower ? "\u2588" : upper ? "\u2580" : lower ? "\u2584" : " ");
		}
		buffer_text(out, "\033[0m\n");
	}
}

bool qr_put(struct buffer *out, slice text, unsigned columns)
{
	char copy[QR_TEXT_BYTES_MAX + 1];
	QRcode *code;
	bool fits;

	if (text.len == 0 || text.len > QR_TEXT_BYTES_MAX)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	code = QRcode_encodeString8bit(copy, 0, QR_ECLEVEL_L);
	fits = code && (unsigned)(code->width + 2 * QUIET + 4) <= columns;
	if (fits)
		put_code(out, code);
	QRcode_free(code);
	return fits && !buffer_failed(out);
}

#else

bool qr_put(struct buffer *out, slice text, unsigned columns)
{
	(void)out, (void)text, (void)columns;
	return false;
}

#endif
