/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The note that the linker leaves in a program: elf(5), and GNU ld's --build-id. */
#include "host/build-id.h"

#include <elf.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_HEADERS_MAX 256
#define NOTES_MAX (64U * 1024)
#define BUILD_ID_MAX 64

typedef struct {
        uint32_t type;
        uint64_t offset, size;
} Segment;

static bool read_at(int fd, uint64_t offset, void *buffer, gsize size)
{
        return offset <= INT64_MAX && pread(fd, buffer, size, (off_t) offset) == (ssize_t) size;
}

static char *to_hex(const unsigned char *bytes, gsize n)
{
        GString *text = g_string_sized_new(2 * n);

        for (gsize i = 0; i < n; i++)
                g_string_append_printf(text, "%02x", bytes[i]);
        return g_string_free(text, FALSE);
}

static gsize padded(uint32_t size)
{
        return ((gsize) size + 3) & ~(gsize) 3;
}

static char *find_note(const unsigned char *notes, gsize size)
{
        Elf32_Nhdr note; /* the same for both classes */

        while (size >= sizeof(note)) {
                gsize length = 0;

                memcpy(&note, notes, sizeof(note));
                if (note.n_namesz > NOTES_MAX || note.n_descsz > NOTES_MAX)
                        return NULL;
                length = sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
                if (length > size)
                        return NULL;
                if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
                    memcmp(notes + sizeof(note), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
                    note.n_descsz <= BUILD_ID_MAX)
                        return to_hex(notes + sizeof(note) + padded(note.n_namesz), note.n_descsz);
                notes += length;
                size -= length;
        }
        return NULL;
}

static char *read_segment(int fd, const Segment *segment)
{
        g_autofree unsigned char *notes = NULL;

        if (segment->type != PT_NOTE || segment->size == 0 || segment->size > NOTES_MAX)
                return NULL;
        notes = g_malloc(segment->size);
        return read_at(fd, segment->offset, notes, segment->size) ? find_note(notes, segment->size) : NULL;
}

static bool get_segment(int fd, bool is_64, uint64_t at, Segment *ret)
{
        Elf64_Phdr wide;
        Elf32_Phdr narrow;

        if (is_64 && read_at(fd, at, &wide, sizeof(wide)))
                *ret = (Segment){ wide.p_type, wide.p_offset, wide.p_filesz };
        else if (!is_64 && read_at(fd, at, &narrow, sizeof(narrow)))
                *ret = (Segment){ narrow.p_type, narrow.p_offset, narrow.p_filesz };
        else
                return false;
        return true;
}

char *vb_build_id_read(int fd)
{
        union {
                unsigned char ident[EI_NIDENT];
                Elf64_Ehdr wide;
                Elf32_Ehdr narrow;
        } header = { 0 };
        bool is_64 = false;
        uint64_t table = 0;
        guint n = 0;
        gsize size = 0;

        if (!read_at(fd, 0, &header.narrow, sizeof(header.narrow)) ||
            memcmp(header.ident, ELFMAG, SELFMAG) != 0 ||
            header.ident[EI_DATA] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
                return g_strdup("");
        is_64 = header.ident[EI_CLASS] == ELFCLASS64;
        if (is_64 && !read_at(fd, 0, &header.wide, sizeof(header.wide)))
                return g_strdup("");
        table = is_64 ? header.wide.e_phoff : header.narrow.e_phoff;
        n = is_64 ? header.wide.e_phnum : header.narrow.e_phnum;
        size = is_64 ? header.wide.e_phentsize : header.narrow.e_phentsize;
        for (guint i = 0; i < MIN(n, PROGRAM_HEADERS_MAX); i++) {
                Segment segment = { 0 };
                char *id = NULL;

                if (table > INT64_MAX / 2 || !get_segment(fd, is_64, table + i * size, &segment))
                        break;
                id = read_segment(fd, &segment);
                if (id)
                        return id;
        }
        return g_strdup("");
}
