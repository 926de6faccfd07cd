/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound cards, and the codecs of those that are controllers for such. The PC speaker is part of the machine,
 * which only has to be told where its sound goes. */
#include "conf/sound.h"

#include "qemu/argv-builder.h"

static void add_codec(VbArgv *argv, const VbDevice *device, uint32_t number, VbSoundCodec codec,
                      const char *audio)
{
        static const char *const drivers[_VB_CODEC_MAX] = {
                [VB_CODEC_DUPLEX] = "hda-duplex",
                [VB_CODEC_MICRO] = "hda-micro",
                [VB_CODEC_OUTPUT] = "hda-output",
        };
        json_object *object = json_object_new_object();
        g_autofree char *id = g_strdup_printf("%s-codec%u", device->alias, number);
        g_autofree char *bus = g_strdup_printf("%s.0", device->alias);

        vb_json_set_string(object, "driver", drivers[codec]);
        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "bus", bus);
        vb_json_set_uint(object, "cad", number);
        vb_json_set_string_if(object, "audiodev", audio);
        vb_argv_add_json(argv, "-device", object);
}

static bool build_sound(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbSound *sound = (const VbSound *) device;
        g_autofree char *audio = vb_argv_audio_id(argv, sound->audio_id);
        json_object *object = NULL;

        if (sound->model == VB_SOUND_PCSPK)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        if (!vb_sound_is_hda(sound))
                vb_json_set_string_if(object, "audiodev", audio);
        if (device->address.type == VB_ADDRESS_ISA) {
                vb_json_set_positive_if(object, "iobase", device->address.isa.iobase);
                vb_json_set_positive_if(object, "irq", device->address.isa.irq);
        }
        if (sound->multichannel == VB_TRISTATE_ON)
                vb_json_set_bool(object, "multi", true);
        vb_json_set_positive_if(object, "streams", sound->streams);
        vb_argv_add_device(argv, device, object);
        if (!vb_sound_is_hda(sound))
                return true;
        for (uint32_t i = 0; i < sound->n_codecs; i++)
                add_codec(argv, device, i, sound->codecs[i], audio);
        if (sound->n_codecs == 0)
                add_codec(argv, device, 0, VB_CODEC_DUPLEX, audio);
        return true;
}

static void sound_machine(VbArgv *argv, const VbDevice *device, GString *machine)
{
        const VbSound *sound = (const VbSound *) device;
        g_autofree char *audio = vb_argv_audio_id(argv, sound->audio_id);

        if (sound->model == VB_SOUND_PCSPK)
                g_string_append_printf(machine, ",pcspk-audiodev=%s", audio);
}

const VbArgvClass vb_argv_sound = { .build = build_sound, .machine = sound_machine };
