/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of firmware: which files count, and what of them is of use. */
#include <glib/gstdio.h>
#include <string.h>

#include "qemu/firmware.h"

#define FLASH(code)                                                                                          \
        "{\"interface-types\":[\"uefi\"],\"mapping\":{\"device\":\"flash\",\"executable\":{\"filename\":"    \
        "\"" code                                                                                            \
        "\",\"format\":\"raw\"},\"nvram-template\":{\"filename\":\"/vars\",\"format\":\"qcow2\"}},"          \
        "\"targets\":[{\"architecture\":\"i386\",\"machines\":[\"pc-*\",\"q?5\"]}],"                         \
        "\"features\":[\"secure-boot\",\"requires-smm\",\"sings\"],\"tags\":[]}"

typedef struct {
        char *top;
        char *folders[3];
} Folders;

static void folders_init(Folders *self)
{
        self->top = g_dir_make_tmp("firmware-XXXXXX", NULL);
        self->folders[0] = g_build_filename(self->top, "share", NULL);
        self->folders[1] = g_build_filename(self->top, "etc", NULL);
        for (int i = 0; i < 2; i++)
                g_assert_cmpint(g_mkdir(self->folders[i], 0700), ==, 0);
}

static void put(const Folders *self, int folder, const char *name, const char *text)
{
        g_autofree char *path = g_build_filename(self->folders[folder], name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void folders_clear(Folders *self)
{
        for (int i = 0; i < 2; i++) {
                g_autoptr(GDir) dir = g_dir_open(self->folders[i], 0, NULL);
                const char *name;

                while (dir && (name = g_dir_read_name(dir))) {
                        g_autofree char *path = g_build_filename(self->folders[i], name, NULL);

                        g_unlink(path);
                }
                g_rmdir(self->folders[i]);
                g_free(self->folders[i]);
        }
        g_rmdir(self->top);
        g_free(self->top);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Folders, folders_clear)

static const char *path_of(const GPtrArray *list, guint i)
{
        return ((const VbFirmware *) g_ptr_array_index(list, i))->path;
}

/* Given two folders, when they are read, then names decide the order, the later folder wins, and an empty
 * file takes one away. */
static void test_folders(void)
{
        g_auto(Folders) folders = { 0 };
        g_autoptr(VbFirmwareStore) store = NULL;
        GPtrArray *list;

        folders_init(&folders);
        put(&folders, 0, "60-a.json", FLASH("/a"));
        put(&folders, 0, "50-b.json", FLASH("/b"));
        put(&folders, 0, "40-c.json", FLASH("/c"));
        put(&folders, 0, "readme.txt", FLASH("/readme"));
        put(&folders, 1, "50-b.json", FLASH("/mine"));
        put(&folders, 1, "40-c.json", "");
        store = vb_firmware_store_new((const char *const *) folders.folders);
        list = vb_firmware_store_list(store);
        g_assert_cmpuint(list->len, ==, 2);
        g_assert_cmpstr(path_of(list, 0), ==, "/mine");
        g_assert_cmpstr(path_of(list, 1), ==, "/a");
        g_assert_true(vb_firmware_store_list(store) == list);
        put(&folders, 1, "10-new.json", FLASH("/new"));
        list = vb_firmware_store_list(store);
        g_assert_cmpuint(list->len, ==, 3);
        g_assert_cmpstr(path_of(list, 0), ==, "/new");
}

static void test_descriptor(void)
{
        static const char text[] = FLASH("/code");
        g_autoptr(VbFirmware) firmware = vb_firmware_from_json(text, sizeof(text) - 1);

        g_assert_nonnull(firmware);
        g_assert_true(firmware->efi && !firmware->bios && firmware->in_flash && !firmware->stateless);
        g_assert_cmpuint(firmware->traits, ==, VB_FIRMWARE_HAS_SECURE_BOOT | VB_FIRMWARE_NEEDS_SMM);
        g_assert_cmpint(firmware->format, ==, VB_IMAGE_RAW);
        g_assert_cmpstr(firmware->template, ==, "/vars");
        g_assert_cmpint(firmware->template_format, ==, VB_IMAGE_QCOW2);
        g_assert_true(vb_firmware_fits(firmware, "i686", "pc-i440fx-7.2"));
        g_assert_true(vb_firmware_fits(firmware, "i686", "q35"));
        g_assert_false(vb_firmware_fits(firmware, "i686", "virt-7.2"));
        g_assert_false(vb_firmware_fits(firmware, "x86_64", "pc-i440fx-7.2"));
}

static void test_useless(void)
{
        static const char *const texts[] = {
                "",
                "[]",
                "{}",
                "{\"mapping\":{\"device\":\"kernel\",\"filename\":\"/a\"}}",
                "{\"mapping\":{\"device\":\"flash\",\"executable\":{\"filename\":\"/a\"}}}",
                "{\"mapping\":{\"device\":\"flash\",\"mode\":\"combined\",\"executable\":{\"filename\":\"/"
                "a\"}}}",
                "{\"mapping\":{\"device\":\"memory\",\"filename\":\"relative\"}}",
                "{\"mapping\":{\"device\":\"flash\",\"mode\":\"stateless\",\"executable\":{\"filename\":\"/"
                "a\","
                "\"format\":\"vmdk\"}}}",
        };

        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(VbFirmware) firmware = vb_firmware_from_json(texts[i], strlen(texts[i]));

                g_assert_null(firmware);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/firmware/folders", test_folders);
        g_test_add_func("/firmware/descriptor", test_descriptor);
        g_test_add_func("/firmware/useless", test_useless);
        return g_test_run();
}
