/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -machine and -accel. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"
#include "util/error.h"

static bool has_prop(const VbArgv *argv, const char *name)
{
        return vb_machine_facts_has_prop(argv->context->machine, name);
}

static void add_switch(GString *value, const char *name, VbTristate state)
{
        if (state != VB_TRISTATE_UNSET)
                g_string_append_printf(value, ",%s=%s", name, vb_tristate_to_switch(state));
}

static void add_word(GString *value, const char *name, const char *const *words, int word)
{
        if (word != 0)
                g_string_append_printf(value, ",%s=%s", name, words[word]);
}

static void add_choice(GString *value, const char *name, const char *const *words,
                       const VbFeatureChoice *choice)
{
        if (choice)
                add_word(value, name, words, choice->value);
}

/* The features of Power's machines, which are called capabilities there. */
static void add_power_features(GString *value, const VbFeatures *features)
{
        if (features->hpt) {
                add_word(value, "resize-hpt", vb_hpt_words, features->hpt->resizing);
                if (features->hpt->max_page_size > 0)
                        g_string_append_printf(value, ",cap-hpt-max-page-size=%" G_GUINT64_FORMAT "k",
                                               features->hpt->max_page_size / 1024);
        }
        add_switch(value, "cap-htm", features->htm);
        add_switch(value, "cap-nested-hv", features->nested_hv);
        add_switch(value, "cap-ccf-assist", features->ccf_assist);
        add_choice(value, "cap-cfpc", vb_cfpc_words, features->cfpc);
        add_choice(value, "cap-sbbc", vb_sbbc_words, features->sbbc);
        add_choice(value, "cap-ibs", vb_ibs_words, features->ibs);
}

GString *vb_argv_machine(const VbArgv *argv)
{
        const VbDomainDef *def = argv->def;
        const VbFeatures *features = def->features;
        const VbTimer *hpet = vb_clock_find_timer(def->clock, VB_TIMER_HPET);
        g_autofree char *type = vb_argv_quote(argv->context->machine->name);
        GString *value = g_string_new(type);

        g_string_append(value, ",usb=off");
        if (argv->context->machine->has_vmport)
                add_switch(value, "vmport", features->vmport);
        if (features->smm && has_prop(argv, "smm"))
                add_switch(value, "smm", features->smm->state);
        if (features->ioapic && def->virt_type == VB_VIRT_KVM)
                g_string_append(value, features->ioapic->value == VB_IOAPIC_QEMU ? ",kernel_irqchip=split"
                                                                                 : ",kernel_irqchip=on");
        g_string_append(value,
                        def->dump_core == VB_TRISTATE_ON ? ",dump-guest-core=on" : ",dump-guest-core=off");
        if (def->memory_backing && def->memory_backing->no_share_pages)
                g_string_append(value, ",mem-merge=off");
        if (def->cpu && def->cpu->numa && vb_numa_has_attributes(def->cpu->numa))
                g_string_append(value, ",hmat=on");
        /* The firmware speaks on the first serial port, as it does where there is no screen. */
        if (def->os.bios && def->os.bios->use_serial == VB_TRISTATE_ON && has_prop(argv, "graphics"))
                g_string_append(value, ",graphics=off");
        add_choice(value, "gic-version", vb_gic_words, features->gic);
        add_switch(value, "ras", features->ras);
        add_power_features(value, features);
        for (guint i = 0; def->keywrap && i < vb_list_length(def->keywrap->ciphers); i++) {
                const VbKeyCipher *cipher = g_ptr_array_index(def->keywrap->ciphers, i);

                add_switch(value, cipher->name == VB_KEY_AES ? "aes-key-wrap" : "dea-key-wrap",
                           cipher->state);
        }
        if (hpet && hpet->present == VB_TRISTATE_OFF && has_prop(argv, "hpet"))
                g_string_append(value, ",hpet=off");
        if (argv->context->machine->has_acpi && !features->acpi)
                g_string_append(value, ",acpi=off");
        if (vb_argv_ram_id(argv))
                g_string_append_printf(value, ",memory-backend=%s", vb_argv_ram_id(argv));
        if (vb_loader_flash(def->os.loader)) {
                g_autofree char *variables = vb_argv_nvram_path(def, argv->context->private_dir);

                g_string_append(value, ",pflash0=pflash0-format");
                if (variables)
                        g_string_append(value, ",pflash1=pflash1-format");
        }
        return value;
}

bool vb_argv_add_accelerator(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbFeatures *features = def->features;
        bool kvm = def->virt_type == VB_VIRT_KVM;
        g_autoptr(GString) value = g_string_new(kvm ? "kvm" : "tcg");

        if (kvm && !argv->context->emulator->kvm_present)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "%s cannot use KVM: %s; <domain type='qemu'> does without",
                                    argv->context->emulator->path, argv->context->emulator->kvm_problem);
        if (!kvm && features->tcg && features->tcg->tb_cache > 0)
                g_string_append_printf(value, ",tb-size=%" G_GUINT64_FORMAT, features->tcg->tb_cache >> 20);
        if (kvm && features->kvm && features->kvm->dirty_ring &&
            features->kvm->dirty_ring->state == VB_TRISTATE_ON)
                g_string_append_printf(value, ",dirty-ring-size=%" G_GUINT64_FORMAT,
                                       features->kvm->dirty_ring->size.value);
        vb_argv_add(argv, "-accel", value->str);
        return true;
}
