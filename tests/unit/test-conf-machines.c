/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What depends on the machine type and the emulator alone: buses that are not there, interrupt controllers,
 * guests of older architectures, memory that the machine makes itself. */
#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "qemu/argv.h"
#include "util/error.h"

typedef struct {
        const char *name;
        const char *emulator_arch, *arch, *machine;
        const char *part; /* beside <devices> */
        const char *devices;
        const char *wanted;  /* a part of the canonical XML; NULL: it is refused */
        const char *message; /* then a part of the message */
        VbError code;
        uint32_t gic_default; /* of the machine type */
} Case;

#define PC "x86_64", "x86_64", "pc"
#define ARM "aarch64", "aarch64", "virt"
#define POWER "ppc64", "ppc64", "pseries"
#define SERIAL(target) "<serial type='pty'>" target "</serial>"
#define ISA SERIAL("<target type='isa-serial'><model name='isa-serial'/></target>")

static const Case cases[] = {
        { "isa", PC, "", ISA, "<target type='isa-serial' port='0'>", NULL, 0, 0 },
        { "no-isa-on-arm", ARM, "", ISA, NULL, "<serial>: the machine type virt-7.2 has no ISA bus",
          VB_ERROR_UNSUPPORTED, 0 },
        { "no-isa-on-power", POWER, "", ISA, NULL, "<serial>: the machine type pseries-7.2 has no ISA bus",
          VB_ERROR_UNSUPPORTED, 0 },
        /* Without a model it was written for any: the usual one of the machine. */
        { "isa-of-old-on-power", POWER, "", SERIAL("<target type='isa-serial'/>"),
          "<target type='spapr-vio-serial' port='0'>", NULL, 0, 0 },
        { "no-spapr-on-pc", PC, "", SERIAL("<target type='spapr-vio-serial'/>"), NULL, "has no spapr-vio bus",
          VB_ERROR_UNSUPPORTED, 0 },
        { "no-isa-parallel-on-arm", ARM, "", "<parallel type='null'/>", NULL, "has no ISA bus",
          VB_ERROR_UNSUPPORTED, 0 },

        { "gic-usual", ARM, "", "", "<gic version='2'/>", NULL, 0, 2 },
        { "gic-usual-3", ARM, "", "", "<gic version='3'/>", NULL, 0, 3 },
        { "gic-untold", ARM, "<features><gic/></features>", "", "<gic version='2'/>", NULL, 0, 0 },
        { "gic-given", ARM, "<features><gic version='3'/></features>", "", "<gic version='3'/>", NULL, 0, 2 },
        { "gic-host", ARM, "<features><gic version='host'/></features>", "", "<gic version='host'/>", NULL, 0,
          2 },
        { "gic-on-pc", PC, "<features><gic version='2'/></features>", "", NULL,
          "<gic> is not for the machine type pc", VB_ERROR_UNSUPPORTED, 0 },
        { "gic-on-power", POWER, "<features><gic/></features>", "", NULL,
          "<gic> is not for the machine type pseries", VB_ERROR_UNSUPPORTED, 0 },
        { "gic-version", ARM, "<features><gic version='7'/></features>", "", NULL, "'7'",
          VB_ERROR_INVALID_XML, 0 },

        { "armv7l", "aarch64", "armv7l", "virt", "", "", "<type arch='armv7l' machine='virt-7.2'>", NULL, 0,
          0 },
        { "ppc64le", "ppc64", "ppc64le", "pseries", "", "", "<type arch='ppc64le' machine='pseries-7.2'>",
          NULL, 0, 0 },
        { "ppc64le-emulator", "ppc64", "ppc64le", "pseries", "", "", "<emulator>/usr/bin/qemu-system-ppc64<",
          NULL, 0, 0 },
        { "i686", "x86_64", "i686", "pc", "", "", "<type arch='i686' machine='pc-i440fx-7.2'>", NULL, 0, 0 },

        { "hugepages", PC, "<memoryBacking><hugepages/></memoryBacking>", "", "<hugepages/>", NULL, 0, 0 },
        { "hugepages-size", PC, "<memoryBacking><hugepages><page/></hugepages></memoryBacking>", "", NULL,
          "<page>: the attribute 'size' is missing", VB_ERROR_INVALID_XML, 0 },
        { "hugepages-no-size", PC, "<memoryBacking><hugepages><page size='0'/></hugepages></memoryBacking>",
          "", NULL, "<page>", VB_ERROR_INVALID_XML, 0 },

        { "iothread-twice", PC, "<iothreadids><iothread id='2'/><iothread id='2'/></iothreadids>", "", NULL,
          "<iothread>: id='2' is given twice", VB_ERROR_INVALID_XML, 0 },
        { "iothread-gaps", PC, "<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids>", "",
          "<iothread id='3'/>", NULL, 0, 0 },
        { "iothread-none", PC, "<iothreads>1</iothreads>",
          "<disk type='file'><driver name='qemu' type='raw' iothread='2'/><source file='/a'/><target "
          "dev='vda' bus='virtio'/></disk>",
          NULL, "vda: <driver iothread='2'>", VB_ERROR_INVALID_XML, 0 },
        { "iothread-pool", PC,
          "<iothreadids><iothread id='1' thread_pool_min='9' thread_pool_max='8'/></iothreadids>", "", NULL,
          "thread_pool_min='' is above", VB_ERROR_INVALID_XML, 0 },

        { "numa-order", PC,
          "<vcpu>2</vcpu><cpu><numa><cell id='1' cpus='1' memory='131072'/><cell id='0' cpus='0' "
          "memory='131072'/></numa></cpu>",
          "", "<cell id='0' cpus='0'", NULL, 0, 0 },
        { "numa-twice", PC,
          "<vcpu>2</vcpu><cpu><numa><cell id='0' cpus='1' memory='131072'/><cell id='0' cpus='0' "
          "memory='131072'/></numa></cpu>",
          "", NULL, "there is not one <cell> of each id from 0 to 1", VB_ERROR_INVALID_XML, 0 },
        { "numa-shared-cpu", PC,
          "<vcpu>2</vcpu><cpu><numa><cell id='0' cpus='0-1' memory='131072'/><cell id='1' cpus='1' "
          "memory='131072'/></numa></cpu>",
          "", NULL, "<cell>", VB_ERROR_INVALID_XML, 0 },
};

static VbMachineFacts *machine_of(const Case *row)
{
        VbMachineFacts *machine = test_machine_facts(row->machine);

        if (g_str_equal(row->machine, "virt")) {
                g_hash_table_add(machine->props, g_strdup("gic-version"));
                machine->gic_versions = 1U << 2 | 1U << 3;
                machine->gic_default = row->gic_default;
        }
        return machine;
}

static void test_case(gconstpointer data)
{
        const Case *row = data;
        g_autofree char *text =
                g_strdup_printf("<domain type='qemu'><name>m</name><memory>262144</memory>%s<os><type "
                                "arch='%s' machine='%s'>hvm</type></os>"
                                "<devices>%s</devices></domain>",
                                row->part, row->arch, row->machine, row->devices);
        g_autoptr(VbEmulatorFacts) emulator = g_str_equal(row->emulator_arch, "x86_64")
                                                      ? test_emulator_facts()
                                                      : test_emulator_facts_of(row->emulator_arch);
        g_autoptr(VbMachineFacts) machine = machine_of(row);
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
        bool ok = def && vb_domain_def_complete(def, emulator, machine, &error);
        g_autofree char *canonical = NULL;

        if (error)
                g_test_message("%s", error->message);
        g_assert_true(ok == !row->message);
        if (row->message) {
                g_assert_nonnull(strstr(error->message, row->message));
                g_assert_cmpint(error->code, ==, row->code);
                return;
        }
        canonical = vb_domain_def_format(def);
        g_test_message("%s", canonical);
        g_assert_nonnull(strstr(canonical, row->wanted));
}

/* Given a machine that makes its memory itself, when the definition says of what, then the command line is
 * refused: the memory would be of something else. */
static void test_own_memory(void)
{
        static const struct {
                const char *part, *message; /* NULL: it is taken */
        } parts[] = {
                { "", NULL },
                { "<numatune><memory mode='restrictive' nodeset='0'/></numatune>", NULL },
                { "<memoryBacking><hugepages/></memoryBacking>", "line 1: <memoryBacking>: " },
                { "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
                  "line 1: <memoryBacking>: " },
                { "\n<numatune><memory mode='strict' nodeset='0'/></numatune>", "line 2: <numatune>: " },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
                g_autofree char *text = g_strdup_printf(
                        "<domain type='qemu'><name>m</name><memory>262144</memory>%s<os><type "
                        "machine='pc'>hvm</type></os><devices/></domain>",
                        parts[i].part);
                g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
                g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
                VbArgvContext context = { .monitor_fd = -1,
                                          .sockets_dir = "/s",
                                          .private_dir = "/p",
                                          .emulator = emulator,
                                          .machine = machine };
                g_autoptr(GError) error = NULL;
                g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
                g_auto(GStrv) argv = NULL;

                vb_domain_def_complete(def, emulator, machine, &error);
                g_assert_no_error(error);
                for (guint k = 0; k < emulator->machines->len; k++)
                        g_clear_pointer(&((VbMachineInfo *) emulator->machines->pdata[k])->default_ram_id,
                                        g_free);
                argv = vb_argv_build(def, &context, &error);
                if (!parts[i].message) {
                        g_assert_no_error(error);
                        continue;
                }
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_true(g_str_has_prefix(error->message, parts[i].message));
                g_assert_nonnull(
                        strstr(error->message, "the machine type pc-i440fx-7.2 makes its memory itself"));
        }
}

/* Given an emulator that has no such threads, or has no limits for them, when a definition wants that, then
 * it is refused by name. */
static void test_iothreads(void)
{
        static const char text[] =
                "<domain type='qemu'><name>m</name><memory>262144</memory><iothreadids><iothread id='1' "
                "thread_pool_max='8'/></iothreadids><os><type "
                "machine='pc'>hvm</type></os><devices/></domain>";
        static const struct {
                VbFactKind kind;
                const char *words; /* learned before this try */
                const char *message;
        } tries[] = {
                { VB_FACT_OBJECT, "memory-backend-ram", "the domain needs the object 'iothread'" },
                { VB_FACT_OBJECT, "iothread", NULL },
                { VB_FACT_OBJECT_PROPERTY, "iothread.type iothread.poll-max-ns",
                  "the domain needs the object property 'iothread.thread-pool-max'" },
                { VB_FACT_OBJECT_PROPERTY, "iothread.thread-pool-max", NULL },
        };
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
        VbArgvContext context = { .monitor_fd = -1,
                                  .sockets_dir = "/s",
                                  .private_dir = "/p",
                                  .emulator = emulator,
                                  .machine = machine };
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), NULL);

        g_assert_true(vb_domain_def_complete(def, emulator, machine, NULL));
        emulator->has_detail = true;
        vb_emulator_facts_add_word(emulator, VB_FACT_CHARDEV, "chardev-socket");
        for (gsize i = 0; i < G_N_ELEMENTS(tries); i++) {
                g_auto(GStrv) words = g_strsplit(tries[i].words, " ", -1);
                g_autoptr(GError) error = NULL;
                g_auto(GStrv) argv = NULL;

                for (int k = 0; words[k]; k++)
                        vb_emulator_facts_add_word(emulator, tries[i].kind, words[k]);
                argv = vb_argv_build(def, &context, &error);
                /* It goes on to what else these facts do not tell. */
                if (!tries[i].message) {
                        g_assert_true(!error || !strstr(error->message, "iothread"));
                        continue;
                }
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_test_message("%s", error->message);
                g_assert_nonnull(strstr(error->message, tries[i].message));
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/conf/machines/", cases[i].name, NULL);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/conf/machines/own-memory", test_own_memory);
        g_test_add_func("/conf/machines/iothreads", test_iothreads);
        return g_test_run();
}
