/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <sound>: sound cards. https://libvirt.org/formatdomain.html#sound-devices */
#include "conf/sound.h"

#include "conf/complete-steps.h"
#include "conf/virtio.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

#define STREAMS_MAX 64

static const char *const model_words[_VB_SOUND_MAX] = {
        [VB_SOUND_ICH6] = "ich6",     [VB_SOUND_ICH9] = "ich9",     [VB_SOUND_AC97] = "ac97",
        [VB_SOUND_ES1370] = "es1370", [VB_SOUND_SB16] = "sb16",     [VB_SOUND_PCSPK] = "pcspk",
        [VB_SOUND_USB] = "usb",       [VB_SOUND_VIRTIO] = "virtio",
};
static const char *const codec_words[_VB_CODEC_MAX] = {
        [VB_CODEC_DUPLEX] = "duplex",
        [VB_CODEC_MICRO] = "micro",
        [VB_CODEC_OUTPUT] = "output",
};

bool vb_sound_is_hda(const VbSound *sound)
{
        return sound->model == VB_SOUND_ICH6 || sound->model == VB_SOUND_ICH9;
}

static bool sound_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbSound *sound = (VbSound *) device;
        const char *text;
        VbXmlNode *child;
        int model = -1;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, _VB_SOUND_MAX, "ich7", &model, error))
                return false;
        sound->model = (VbSoundModel) model;
        if (sound->model == VB_SOUND_USB &&
            !vb_xml_take_yes_no(node, "multichannel", &sound->multichannel, error))
                return false;
        if (sound->model == VB_SOUND_VIRTIO &&
            !vb_xml_take_uint32(node, "streams", 1, STREAMS_MAX, &sound->streams, error))
                return false;
        while (vb_sound_is_hda(sound) && (child = vb_xml_take_child(node, "codec"))) {
                int codec = -1;

                if (sound->n_codecs == VB_CODECS_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "a sound card has at most %d codecs", VB_CODECS_MAX);
                if (!vb_xml_require_attribute(child, "type", &text, error) ||
                    !vb_xml_take_word(child, "type", codec_words, _VB_CODEC_MAX, NULL, &codec, error))
                        return false;
                sound->codecs[sound->n_codecs++] = (VbSoundCodec) codec;
        }
        child = vb_xml_take_child(node, "audio");
        return !child || (vb_xml_require_attribute(child, "id", &text, error) &&
                          vb_xml_take_uint32(child, "id", 1, UINT32_MAX, &sound->audio_id, error));
}

static void sound_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbSound *sound = (const VbSound *) device;

        vb_xml_attribute(writer, "model", model_words[sound->model]);
        vb_xml_attribute(writer, "multichannel", vb_tristate_to_yes_no(sound->multichannel));
        if (sound->streams > 0)
                vb_xml_attribute_number(writer, "streams", sound->streams);
        for (uint32_t i = 0; i < sound->n_codecs; i++) {
                vb_xml_open(writer, "codec");
                vb_xml_attribute(writer, "type", codec_words[sound->codecs[i]]);
                vb_xml_close(writer);
        }
        if (sound->audio_id > 0) {
                vb_xml_open(writer, "audio");
                vb_xml_attribute_number(writer, "id", sound->audio_id);
                vb_xml_close(writer);
        }
}

static const char *sound_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_SOUND_MAX] = {
                [VB_SOUND_ICH6] = "intel-hda",
                [VB_SOUND_ICH9] = "ich9-intel-hda",
                [VB_SOUND_AC97] = "AC97",
                [VB_SOUND_ES1370] = "ES1370",
                [VB_SOUND_SB16] = "sb16",
                [VB_SOUND_USB] = "usb-audio",
                [VB_SOUND_VIRTIO] = "virtio-sound-pci",
        };

        return drivers[((const VbSound *) device)->model];
}

static bool complete_sound(VbCompletion *completion, VbDevice *device, GError **error)
{
        const VbSound *sound = (const VbSound *) device;

        if (sound->model == VB_SOUND_SB16 && !completion->machine->has_isa)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", completion->machine->name);
        if (sound->model == VB_SOUND_PCSPK &&
            !vb_machine_facts_has_prop(completion->machine, "pcspk-audiodev"))
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no PC speaker", completion->machine->name);
        return true;
}

static VbPciConnect sound_pci_needs(const VbDevice *device)
{
        static const VbPciConnect needs[_VB_SOUND_MAX] = {
                [VB_SOUND_ICH6] = VB_PCI_CONNECT_PCI_ENDPOINT,
                [VB_SOUND_ICH9] = VB_PCI_CONNECT_PCI_ENDPOINT,
                [VB_SOUND_AC97] = VB_PCI_CONNECT_PCI_ENDPOINT,
                [VB_SOUND_ES1370] = VB_PCI_CONNECT_PCI_ENDPOINT,
                [VB_SOUND_VIRTIO] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        };

        return needs[((const VbSound *) device)->model];
}

static VbAddressType sound_address_type(const VbDevice *device)
{
        static const VbAddressType types[_VB_SOUND_MAX] = {
                [VB_SOUND_SB16] = VB_ADDRESS_ISA,
                [VB_SOUND_USB] = VB_ADDRESS_USB,
        };

        return types[((const VbSound *) device)->model];
}

const VbDeviceClass vb_sound_class = {
        .element = "sound",
        .size = sizeof(VbSound),
        .parse = sound_parse,
        .format = sound_format,
        .driver = sound_driver,
        .alias_prefix = "sound",
        .complete = complete_sound,
        .pci_needs = sound_pci_needs,
        .address_type = sound_address_type,
};
