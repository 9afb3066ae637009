/*
 * files: small private files: read whole, written whole or not at all, locked between processes.
 *
 * Promises  what is written is 0600 in folders 0700 and appears under its name complete; a link in place of the file is
 *           replaced, never written through; reads are bounded by CLI_FILE_BYTES_MAX.
 * Start at  file_read(), file_write(), file_lock().
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "base/arena.h"

/* NULL content (ret_text->at) when there is no such file; FAULT_INVALID when it cannot be read, is no regular file or is too
 * large. The text is zero-terminated. */
FALLIBLE file_read(struct arena *arena, const char *path, slice *ret_text);
/* Makes the folders that are missing. mode: 0600 for what only the user may see. FAULT_INVALID naming the path. */
FALLIBLE file_write(struct arena *arena, const char *path, slice text, unsigned mode);
/* Absent is fine. */
FALLIBLE file_remove(const char *path);
/* Makes a folder and its missing parents, each 0700. */
FALLIBLE folder_make(struct arena *arena, const char *path);
bool file_exists(const char *path);

/* Waits for the lock that this file stands for (made when missing); *ret_lock is for file_unlock. */
FALLIBLE file_lock(struct arena *arena, const char *path, int *ret_lock);
/* -1 is fine. */
void file_unlock(int lock);

/* "$XDG_CONFIG_HOME/reeve/<name>", else "~/.config/reeve/<name>"; in the arena. FAULT_INVALID without a home. */
FALLIBLE path_config(struct arena *arena, const char *name, const char **ret_path);
/* "$XDG_CACHE_HOME/<program>", else "~/.cache/<program>". */
FALLIBLE path_cache(struct arena *arena, const char *program, const char **ret_path);
/* "~/<name>". */
FALLIBLE path_home(struct arena *arena, const char *name, const char **ret_path);

#endif
