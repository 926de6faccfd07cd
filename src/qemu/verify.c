/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the machine that QEMU built is the one that was asked for. QEMU reads commands byte by byte, some
 * microseconds for each: qom-get for every property of 40 devices is 50 ms, the device tree in one answer is
 * two or three. What the tree does not show (memory devices are on no bus) is asked for by qom-get, all
 * questions at once; and so is everything where there is no tree. */
#include "qemu/verify.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"

#define ANSWER_USEC (30 * G_USEC_PER_SEC)
#define PERIPHERAL "/machine/peripheral/"

/* Deepest step of the tree that is read; bridges behind bridges may go on for long, and are then asked for
 * alone. */
#define DEPTH_MAX 512

/* Most differences that one error lists. */
#define DIFFERENCES_MAX 8

/* Properties of a -device that say where it is, or that others can find it by. */
static const char *const properties[] = {
        "addr",    "multifunction", "chassis", "chassis_nr", "port", "bus_nr", "numa_node", "unit",  "lun",
        "scsi-id", "channel",       "nr",      "firstport",  "reg",  "slot",   "node",      "index", "iobase",
};

/* One that was asked for. */
typedef struct {
        json_object *wanted; /* as given to -device */
        const char *id;      /* borrowed from it */
        bool bus_known;
        uint32_t asked; /* a bit for each of the properties that are given */
        uint32_t known; /* and that QEMU has told */
} Device;

G_STATIC_ASSERT(G_N_ELEMENTS(properties) <= 32);

typedef struct {
        VbMonitor *monitor; /* borrowed: its replies end this */
        GArray *devices;    /* Device */
        GHashTable *by_id;  /* the same, both borrowed */
        GPtrArray *differences;
        guint waiting;
        GError *error; /* the session's */
        VbVerified done;
        void *userdata;
} Verification;

typedef struct {
        Verification *verification;
        const Device *device; /* borrowed from it */
        const char *property;
} Question;

static void device_clear(gpointer data)
{
        json_object_put(((Device *) data)->wanted);
}

static void end(Verification *verification)
{
        g_autoptr(GError) error = verification->error;

        if (!error && verification->differences->len > 0) {
                g_autofree char *list = NULL;

                g_ptr_array_add(verification->differences, NULL);
                list = g_strjoinv("; ", (char **) verification->differences->pdata);
                vb_error_set(&error, VB_ERROR_EMULATOR_FAILED,
                             "QEMU built another machine than it was told to: %s", list);
        }
        verification->done(error, verification->userdata);
        g_hash_table_unref(verification->by_id);
        g_array_unref(verification->devices);
        g_ptr_array_unref(verification->differences);
        g_free(verification);
}

/* "0x2.0x1" as we write a slot and function, "02.1" as QEMU prints it, or the two as one number. */
static int64_t read_slot(const char *text)
{
        char *end_of_slot = NULL;
        int64_t slot = g_ascii_strtoll(text, &end_of_slot, 16);

        return *end_of_slot == '.' ? slot * 8 + g_ascii_strtoll(end_of_slot + 1, NULL, 16) : slot * 8;
}

static bool read_number(const char *text, int64_t *ret)
{
        char *rest = NULL;

        if (g_str_equal(text, "true") || g_str_equal(text, "on"))
                *ret = 1;
        else if (g_str_equal(text, "false") || g_str_equal(text, "off"))
                *ret = 0;
        else
                *ret = (int64_t) g_ascii_strtoull(text, &rest, 0);
        return !rest || (rest != text && *rest == '\0');
}

static bool is_same(const Device *device, const char *property, const char *found)
{
        json_object *value = json_object_object_get(device->wanted, property);
        const char *wanted = json_object_get_string(value);
        int64_t a, b;

        /* Of a PCI device; a memory device's is a number. */
        if (g_str_equal(property, "addr") && json_object_is_type(value, json_type_string))
                return read_slot(wanted) ==
                       (strchr(found, '.') ? read_slot(found) : g_ascii_strtoll(found, NULL, 0));
        if (g_ascii_strcasecmp(wanted, found) == 0)
                return true;
        return read_number(wanted, &a) && read_number(found, &b) && a == b;
}

static void compare(Verification *verification, const Device *device, const char *property, const char *found)
{
        json_object *wanted = json_object_object_get(device->wanted, property);

        if ((!found || !is_same(device, property, found)) && verification->differences->len < DIFFERENCES_MAX)
                g_ptr_array_add(verification->differences,
                                g_strdup_printf("%s: %s: expected %s, found %.80s", device->id, property,
                                                json_object_get_string(wanted), found ? found : "nothing"));
}

/* Whether QEMU has not answered, and will not: a refusal is an answer. */
static bool is_over(Verification *verification, VbMonitor *monitor, const GError *error)
{
        if (!error || (vb_monitor_is_ready(monitor) && g_error_matches(error, VB_ERROR, VB_ERROR_MONITOR)))
                return false;
        if (!verification->error)
                verification->error = g_error_copy(error);
        return true;
}

static void on_property(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autofree Question *question = userdata;
        Verification *verification = question->verification;
        const char *found = result ? json_object_get_string(result) : NULL;

        if (!is_over(verification, monitor, error)) {
                /* A link to a bus is the path of it. */
                if (found && g_str_equal(question->property, "bus") && strrchr(found, '/'))
                        found = strrchr(found, '/') + 1;
                compare(verification, question->device, question->property, found);
        }
        if (--verification->waiting == 0)
                end(verification);
}

static void ask(Verification *verification, const Device *device, const char *property)
{
        g_autofree char *path = g_strconcat(PERIPHERAL, device->id, NULL);
        json_object *arguments = json_object_new_object();
        Question *question = g_new(Question, 1);

        *question = (Question){ verification, device, property };
        json_object_object_add(arguments, "path", json_object_new_string(path));
        json_object_object_add(
                arguments, "property",
                json_object_new_string(g_str_equal(property, "bus") ? "parent_bus" : property));
        verification->waiting++;
        vb_monitor_execute(verification->monitor, "qom-get", arguments, ANSWER_USEC, on_property, question);
}

/* Names the buses and devices that enclose a line of the tree. */
typedef struct {
        const char *buses[DEPTH_MAX]; /* by the column of their "bus:" */
        Device *device;               /* whose properties follow, NULL: nobody asks for it */
        gsize depth;                  /* that its "dev:" is at */
} Reader;

static void read_device(Verification *verification, Reader *reader, char *text, gsize depth)
{
        char *id = strstr(text, ", id \""), *quote;

        reader->depth = depth;
        reader->device = NULL;
        if (!id)
                return;
        id += strlen(", id \"");
        quote = strchr(id, '"');
        if (quote)
                *quote = '\0';
        reader->device = g_hash_table_lookup(verification->by_id, id);
        if (reader->device && depth > 0 && json_object_object_get(reader->device->wanted, "bus")) {
                reader->device->bus_known = true;
                compare(verification, reader->device, "bus", reader->buses[depth - 1]);
        }
}

/* "NAME = VALUE", the value in quotes, or with another way to write it in parentheses behind. */
static void read_property(Verification *verification, Device *device, char *text)
{
        for (gsize i = 0; i < G_N_ELEMENTS(properties); i++) {
                gsize length = strlen(properties[i]);
                char *value, *rest;

                if (!(device->asked & 1U << i) || strncmp(text, properties[i], length) != 0 ||
                    !g_str_has_prefix(text + length, " = "))
                        continue;
                value = text + length + strlen(" = ");
                rest = *value == '"' ? strrchr(++value, '"') : strstr(value, " (");
                if (rest)
                        *rest = '\0';
                device->known |= 1U << i;
                compare(verification, device, properties[i], value);
                return;
        }
}

/* The text has had one form since QEMU 1.0: two columns for each step down, alternately buses and devices,
 * and below a device its properties. */
static void read_tree(Verification *verification, const char *tree)
{
        g_autofree char *copy = g_strdup(tree);
        Reader reader = { 0 };
        char *next;

        for (char *line = copy; line; line = next) {
                gsize depth = strspn(line, " ") / 2;
                char *text = line + strspn(line, " ");

                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                text[strcspn(text, "\r")] = '\0';
                if (depth >= DEPTH_MAX)
                        continue;
                if (g_str_has_prefix(text, "bus: "))
                        reader.buses[depth] = text + strlen("bus: ");
                else if (g_str_has_prefix(text, "dev: "))
                        read_device(verification, &reader, text, depth);
                else if (reader.device && depth == reader.depth + 1)
                        read_property(verification, reader.device, text);
        }
}

/* What the tree has not told. */
static void ask_rest(Verification *verification)
{
        for (guint i = 0; i < verification->devices->len; i++) {
                const Device *device = &g_array_index(verification->devices, Device, i);

                if (json_object_object_get(device->wanted, "bus") && !device->bus_known)
                        ask(verification, device, "bus");
                for (gsize k = 0; k < G_N_ELEMENTS(properties); k++)
                        if (device->asked & ~device->known & 1U << k)
                                ask(verification, device, properties[k]);
        }
}

static void on_tree(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Verification *verification = userdata;
        const char *text = result ? vb_json_string(result) : NULL;

        if (!is_over(verification, monitor, error)) {
                if (text)
                        read_tree(verification, text);
                ask_rest(verification);
        }
        if (--verification->waiting == 0)
                end(verification);
}

static void ask_tree(Verification *verification)
{
        json_object *arguments = json_object_new_object();

        json_object_object_add(arguments, "command-line", json_object_new_string("info qtree"));
        verification->waiting++;
        vb_monitor_execute(verification->monitor, "human-monitor-command", arguments, ANSWER_USEC, on_tree,
                           verification);
}

/* The tree is a text for people. Of one device the place is asked for in the way that is made for programs,
 * too, so that an emulator whose tree does not say what it has is found out. */
static void spot_check(Verification *verification)
{
        for (guint i = 0; i < verification->devices->len; i++) {
                const Device *device = &g_array_index(verification->devices, Device, i);

                if (json_object_is_type(json_object_object_get(device->wanted, "addr"), json_type_string)) {
                        ask(verification, device, "addr");
                        return;
                }
        }
}

static void add_devices(Verification *verification, char **argv)
{
        g_autoptr(json_tokener) tokener = vb_json_tokener_new();

        for (char **word = argv; word[0] && word[1]; word++) {
                Device device = { 0 };

                if (g_str_equal(word[0], "-device") && *word[1] == '{')
                        device.wanted = vb_json_parse(tokener, word[1], strlen(word[1]), NULL);
                if (device.wanted && vb_json_get_string(device.wanted, "id", &device.id))
                        g_array_append_val(verification->devices, device);
                else
                        json_object_put(device.wanted);
        }
        for (guint i = 0; i < verification->devices->len; i++) {
                Device *device = &g_array_index(verification->devices, Device, i);

                for (gsize k = 0; k < G_N_ELEMENTS(properties); k++)
                        if (json_object_object_get(device->wanted, properties[k]))
                                device->asked |= 1U << k;
                g_hash_table_insert(verification->by_id, (gpointer) device->id, device);
        }
}

void vb_verify(VbMonitor *monitor, char **argv, VbVerified done, void *userdata)
{
        Verification *verification = g_new0(Verification, 1);

        verification->monitor = monitor;
        verification->devices = g_array_new(FALSE, FALSE, sizeof(Device));
        g_array_set_clear_func(verification->devices, device_clear);
        verification->by_id = g_hash_table_new(g_str_hash, g_str_equal);
        verification->differences = g_ptr_array_new_with_free_func(g_free);
        verification->done = done;
        verification->userdata = userdata;
        add_devices(verification, argv);
        ask_tree(verification);
        spot_check(verification);
}
