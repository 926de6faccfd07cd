/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over the files and directories named on the command line: what was once found stays
 * found, with any compiler. */
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replay(const char *path)
{
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        unsigned n = 0;
        size_t size;

        if (dir) {
                for (const char *name; (name = g_dir_read_name(dir));) {
                        g_autofree char *child = g_build_filename(path, name, NULL);

                        n += replay(child);
                }
                return n;
        }
        if (!g_file_get_contents(path, &data, &size, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return 0;
        }
        LLVMFuzzerTestOneInput((const uint8_t *) data, size);
        return 1;
}

int main(int argc, char **argv)
{
        unsigned n = 0;

        for (int i = 1; i < argc; i++)
                n += replay(argv[i]);
        printf("%u inputs\n", n);
        return n > 0 ? 0 : 1;
}
