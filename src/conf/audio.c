/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <audio>: backends of sound. The guest sees its sound cards, not these.
 * https://libvirt.org/formatdomain.html#audio-backends */
#include "conf/audio.h"

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/graphics.h"
#include "conf/sound.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

#define TYPE(type) (1U << VB_AUDIO_##type)
#define ALL_TYPES ((1U << _VB_AUDIO_MAX) - 1)

static const char *const type_words[_VB_AUDIO_MAX] = {
        [VB_AUDIO_NONE] = "none",   [VB_AUDIO_ALSA] = "alsa", [VB_AUDIO_JACK] = "jack",
        [VB_AUDIO_OSS] = "oss",     [VB_AUDIO_SDL] = "sdl",   [VB_AUDIO_PULSEAUDIO] = "pulseaudio",
        [VB_AUDIO_SPICE] = "spice", [VB_AUDIO_FILE] = "file", [VB_AUDIO_DBUS] = "dbus",
};
static const char *const stream_words[] = { "input", "output" };
static const char *const sdl_drivers[] = { "esd", "alsa", "arts", "pulseaudio" };
static const char *const formats[] = { "s8", "u8", "s16", "u16", "s32", "u32", "f32" };

const VbAudioOption vb_audio_switches[_VB_AUDIO_SWITCH_MAX] = {
        [VB_AUDIO_SWITCH_MIXING_ENGINE] = { "mixingEngine", "mixing-engine", ALL_TYPES },
        [VB_AUDIO_SWITCH_FIXED_SETTINGS] = { "fixedSettings", "fixed-settings", ALL_TYPES },
        [VB_AUDIO_SWITCH_TRY_POLL] = { "tryPoll", "try-poll", TYPE(OSS) | TYPE(ALSA) },
        [VB_AUDIO_SWITCH_EXACT_NAME] = { "exactName", "exact-name", TYPE(JACK) },
};
const VbAudioOption vb_audio_numbers[_VB_AUDIO_NUMBER_MAX] = {
        [VB_AUDIO_NUMBER_VOICES] = { "voices", "voices", ALL_TYPES },
        [VB_AUDIO_NUMBER_BUFFER_LENGTH] = { "bufferLength", "buffer-length", ALL_TYPES },
        [VB_AUDIO_NUMBER_BUFFER_COUNT] = { "bufferCount", "buffer-count", TYPE(OSS) | TYPE(SDL) },
        [VB_AUDIO_NUMBER_LATENCY] = { "latency", "latency", TYPE(PULSEAUDIO) },
        [VB_AUDIO_NUMBER_FREQUENCY] = { "frequency", "frequency", ALL_TYPES, true },
        [VB_AUDIO_NUMBER_CHANNELS] = { "channels", "channels", ALL_TYPES, true },
};
const VbAudioOption vb_audio_texts[_VB_AUDIO_TEXT_MAX] = {
        [VB_AUDIO_TEXT_DEVICE] = { "dev", "dev", TYPE(ALSA) | TYPE(OSS) },
        [VB_AUDIO_TEXT_NAME] = { "name", "name", TYPE(PULSEAUDIO) },
        [VB_AUDIO_TEXT_STREAM_NAME] = { "streamName", "stream-name", TYPE(PULSEAUDIO) },
        [VB_AUDIO_TEXT_SERVER_NAME] = { "serverName", "server-name", TYPE(JACK) },
        [VB_AUDIO_TEXT_CLIENT_NAME] = { "clientName", "client-name", TYPE(JACK) },
        [VB_AUDIO_TEXT_CONNECT_PORTS] = { "connectPorts", "connect-ports", TYPE(JACK) },
        [VB_AUDIO_TEXT_FORMAT] = { "format", "format", ALL_TYPES, true },
};

/* The options of a stream that are of the element itself, or those of <settings>. */
static bool parse_options(const VbAudio *audio, VbAudioStream *stream, VbXmlNode *node, bool settings,
                          GError **error)
{
        unsigned type = 1U << audio->type;
        int format = -1;

        for (int i = 0; i < _VB_AUDIO_SWITCH_MAX; i++)
                if (vb_audio_switches[i].settings == settings && (vb_audio_switches[i].types & type) &&
                    !vb_xml_take_yes_no(node, vb_audio_switches[i].attribute, &stream->switches[i], error))
                        return false;
        for (int i = 0; i < _VB_AUDIO_NUMBER_MAX; i++)
                if (vb_audio_numbers[i].settings == settings && (vb_audio_numbers[i].types & type) &&
                    !vb_xml_take_uint32(node, vb_audio_numbers[i].attribute, 1, UINT32_MAX,
                                        &stream->numbers[i], error))
                        return false;
        for (int i = 0; i < VB_AUDIO_TEXT_FORMAT; i++)
                if (!settings && (vb_audio_texts[i].types & type))
                        stream->texts[i] = g_strdup(vb_xml_take_attribute(node, vb_audio_texts[i].attribute));
        if (!settings)
                return true;
        if (!vb_xml_take_word(node, "format", formats, G_N_ELEMENTS(formats), NULL, &format, error))
                return false;
        stream->texts[VB_AUDIO_TEXT_FORMAT] = format >= 0 ? g_strdup(formats[format]) : NULL;
        return true;
}

static bool parse_stream(const VbAudio *audio, VbAudioStream *stream, VbXmlNode *node, GError **error)
{
        VbXmlNode *settings = vb_xml_take_child(node, "settings");

        stream->given = true;
        if (!parse_options(audio, stream, node, false, error))
                return false;
        if (stream->switches[VB_AUDIO_SWITCH_FIXED_SETTINGS] == VB_TRISTATE_ON &&
            stream->switches[VB_AUDIO_SWITCH_MIXING_ENGINE] != VB_TRISTATE_ON)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "fixedSettings='yes' needs mixingEngine='yes'");
        if (!settings)
                return true;
        if (stream->switches[VB_AUDIO_SWITCH_FIXED_SETTINGS] != VB_TRISTATE_ON)
                return vb_xml_error(settings, VB_ERROR_INVALID_XML, error,
                                    "<settings> need fixedSettings='yes' of <%s>", vb_xml_node_name(node));
        return parse_options(audio, stream, settings, true, error);
}

static bool parse_backend(VbAudio *audio, VbXmlNode *node, GError **error)
{
        int driver = -1;

        switch (audio->type) {
        case VB_AUDIO_PULSEAUDIO:
                audio->server_name = g_strdup(vb_xml_take_attribute(node, "serverName"));
                return true;
        case VB_AUDIO_FILE:
                audio->path = g_strdup(vb_xml_take_attribute(node, "path"));
                return true;
        case VB_AUDIO_SDL:
                if (!vb_xml_take_word(node, "driver", sdl_drivers, G_N_ELEMENTS(sdl_drivers), NULL, &driver,
                                      error))
                        return false;
                audio->driver = driver >= 0 ? g_strdup(sdl_drivers[driver]) : NULL;
                return true;
        case VB_AUDIO_OSS:
                return vb_xml_take_yes_no(node, "tryMMap", &audio->try_mmap, error) &&
                       vb_xml_take_yes_no(node, "exclusive", &audio->exclusive, error) &&
                       vb_xml_take_int(node, "dspPolicy", 0, INT32_MAX, &audio->dsp_policy, error);
        default:
                return true;
        }
}

static void audio_init(VbDevice *device)
{
        ((VbAudio *) device)->dsp_policy = -1;
}

static bool audio_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbAudio *audio = (VbAudio *) device;
        const char *text;
        int type = -1;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_require_attribute(node, "id", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_AUDIO_MAX, "coreaudio", &type, error) ||
            !vb_xml_take_uint32(node, "id", 1, UINT32_MAX, &audio->id, error) ||
            !vb_xml_take_uint32(node, "timerPeriod", 1, UINT32_MAX, &audio->timer_period, error))
                return false;
        audio->type = (VbAudioType) type;
        if (!parse_backend(audio, node, error))
                return false;
        for (gsize i = 0; i < G_N_ELEMENTS(stream_words); i++) {
                VbXmlNode *child = vb_xml_take_child(node, stream_words[i]);

                if (child && !parse_stream(audio, &audio->streams[i], child, error))
                        return false;
        }
        return true;
}

static void write_options(const VbAudioStream *stream, VbXmlWriter *writer, bool settings)
{
        for (int i = 0; i < _VB_AUDIO_SWITCH_MAX; i++)
                if (vb_audio_switches[i].settings == settings)
                        vb_xml_attribute(writer, vb_audio_switches[i].attribute,
                                         vb_tristate_to_yes_no(stream->switches[i]));
        for (int i = 0; i < _VB_AUDIO_NUMBER_MAX; i++)
                if (vb_audio_numbers[i].settings == settings && stream->numbers[i] > 0)
                        vb_xml_attribute_number(writer, vb_audio_numbers[i].attribute, stream->numbers[i]);
        for (int i = 0; i < _VB_AUDIO_TEXT_MAX; i++)
                if (vb_audio_texts[i].settings == settings)
                        vb_xml_attribute(writer, vb_audio_texts[i].attribute, stream->texts[i]);
}

static bool has_settings(const VbAudioStream *stream)
{
        return stream->numbers[VB_AUDIO_NUMBER_FREQUENCY] > 0 ||
               stream->numbers[VB_AUDIO_NUMBER_CHANNELS] > 0 || stream->texts[VB_AUDIO_TEXT_FORMAT];
}

static void audio_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbAudio *audio = (const VbAudio *) device;

        vb_xml_attribute_number(writer, "id", audio->id);
        vb_xml_attribute(writer, "type", type_words[audio->type]);
        if (audio->timer_period > 0)
                vb_xml_attribute_number(writer, "timerPeriod", audio->timer_period);
        vb_xml_attribute(writer, "serverName", audio->server_name);
        vb_xml_attribute(writer, "path", audio->path);
        vb_xml_attribute(writer, "driver", audio->driver);
        vb_xml_attribute(writer, "tryMMap", vb_tristate_to_yes_no(audio->try_mmap));
        vb_xml_attribute(writer, "exclusive", vb_tristate_to_yes_no(audio->exclusive));
        if (audio->dsp_policy >= 0)
                vb_xml_attribute_number(writer, "dspPolicy", (uint64_t) audio->dsp_policy);
        for (gsize i = 0; i < G_N_ELEMENTS(stream_words); i++) {
                const VbAudioStream *stream = &audio->streams[i];

                if (!stream->given)
                        continue;
                vb_xml_open(writer, stream_words[i]);
                write_options(stream, writer, false);
                if (has_settings(stream)) {
                        vb_xml_open(writer, "settings");
                        write_options(stream, writer, true);
                        vb_xml_close(writer);
                }
                vb_xml_close(writer);
        }
}

static bool complete_audio(VbCompletion *completion, VbDevice *device, GError **error)
{
        if (((const VbAudio *) device)->type == VB_AUDIO_SPICE &&
            !vb_domain_def_find_graphics(completion->def, VB_GRAPHICS_SPICE))
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "type='spice' needs a <graphics type='spice'>");
        return true;
}

const VbAudio *vb_domain_def_find_audio(const VbDomainDef *def, uint32_t id)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbAudio *audio = g_ptr_array_index(def->devices, i);

                if (audio->base.kind == VB_DEVICE_AUDIO && (id == 0 || audio->id == id))
                        return audio;
        }
        return NULL;
}

/* The id of the backend that a device asks for, 0 if it names none; whether it needs one at all. */
static bool uses_audio(const VbDevice *device, uint32_t *ret_id)
{
        *ret_id = 0;
        if (device->kind == VB_DEVICE_SOUND) {
                *ret_id = ((const VbSound *) device)->audio_id;
                return true;
        }
        if (device->kind != VB_DEVICE_GRAPHICS)
                return false;
        *ret_id = ((const VbGraphics *) device)->audio_id;
        return *ret_id > 0 || !vb_graphics_is_display((const VbGraphics *) device);
}

bool vb_audio_complete_all(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        bool given = vb_domain_def_find_audio(def, 0), needed = false;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbAudio *audio = (const VbAudio *) device;
                uint32_t id;

                if (device->kind == VB_DEVICE_AUDIO && vb_domain_def_find_audio(def, audio->id) != audio)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "id='%u' is the id of another <audio> too", audio->id);
                if (!uses_audio(device, &id))
                        continue;
                needed = true;
                if (id > 0 && !vb_domain_def_find_audio(def, id))
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "<audio id='%u'/>: there is no <audio> with this id", id);
        }
        if (needed && !given) {
                VbAudio *audio = (VbAudio *) vb_complete_add(completion, VB_DEVICE_AUDIO);

                audio->id = 1;
                audio->type =
                        vb_domain_def_find_graphics(def, VB_GRAPHICS_SPICE) ? VB_AUDIO_SPICE : VB_AUDIO_NONE;
        }
        return true;
}

#define STREAM_STRINGS(n)                                                                                    \
        G_STRUCT_OFFSET(VbAudio, streams[n].texts[0]), G_STRUCT_OFFSET(VbAudio, streams[n].texts[1]),        \
                G_STRUCT_OFFSET(VbAudio, streams[n].texts[2]),                                               \
                G_STRUCT_OFFSET(VbAudio, streams[n].texts[3]),                                               \
                G_STRUCT_OFFSET(VbAudio, streams[n].texts[4]),                                               \
                G_STRUCT_OFFSET(VbAudio, streams[n].texts[5]), G_STRUCT_OFFSET(VbAudio, streams[n].texts[6])

G_STATIC_ASSERT(_VB_AUDIO_TEXT_MAX == 7);

static const gsize audio_strings[] = {
        STREAM_STRINGS(0),
        STREAM_STRINGS(1),
        G_STRUCT_OFFSET(VbAudio, path),
        G_STRUCT_OFFSET(VbAudio, server_name),
        G_STRUCT_OFFSET(VbAudio, driver),
        0,
};

const VbDeviceClass vb_audio_class = {
        .element = "audio",
        .size = sizeof(VbAudio),
        .nameless = true,
        .init = audio_init,
        .strings = audio_strings,
        .parse = audio_parse,
        .format = audio_format,
        .alias_prefix = "audio",
        .complete = complete_audio,
};
