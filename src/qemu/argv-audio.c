/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backends of sound. */
#include "conf/audio.h"

#include "qemu/argv-builder.h"

char *vb_argv_audio_id(const VbArgv *argv, uint32_t id)
{
        const VbAudio *audio = vb_domain_def_find_audio(argv->def, id);

        return audio ? g_strdup_printf("audio%u", audio->id) : NULL;
}

static json_object *stream_options(const VbAudioStream *stream)
{
        json_object *object = json_object_new_object();

        for (int i = 0; i < _VB_AUDIO_SWITCH_MAX; i++)
                vb_json_set_tristate_if(object, vb_audio_switches[i].key, stream->switches[i]);
        for (int i = 0; i < _VB_AUDIO_NUMBER_MAX; i++)
                vb_json_set_positive_if(object, vb_audio_numbers[i].key, stream->numbers[i]);
        for (int i = 0; i < _VB_AUDIO_TEXT_MAX; i++)
                vb_json_set_string_if(object, vb_audio_texts[i].key, stream->texts[i]);
        return object;
}

static bool build_audio(VbArgv *argv, const VbDevice *device, GError **error)
{
        static const char *const drivers[_VB_AUDIO_MAX] = {
                [VB_AUDIO_NONE] = "none",   [VB_AUDIO_ALSA] = "alsa", [VB_AUDIO_JACK] = "jack",
                [VB_AUDIO_OSS] = "oss",     [VB_AUDIO_SDL] = "sdl",   [VB_AUDIO_PULSEAUDIO] = "pa",
                [VB_AUDIO_SPICE] = "spice", [VB_AUDIO_FILE] = "wav",  [VB_AUDIO_DBUS] = "dbus",
        };
        static const char *const streams[] = { "in", "out" };
        const VbAudio *audio = (const VbAudio *) device;
        json_object *object = json_object_new_object();
        g_autofree char *id = vb_argv_audio_id(argv, audio->id);

        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "driver", drivers[audio->type]);
        vb_json_set_positive_if(object, "timer-period", audio->timer_period);
        vb_json_set_string_if(object, "server", audio->server_name);
        vb_json_set_string_if(object, "path", audio->path);
        vb_json_set_tristate_if(object, "try-mmap", audio->try_mmap);
        vb_json_set_tristate_if(object, "exclusive", audio->exclusive);
        if (audio->dsp_policy >= 0)
                vb_json_set_uint(object, "dsp-policy", (uint64_t) audio->dsp_policy);
        for (gsize i = 0; i < G_N_ELEMENTS(streams); i++)
                if (audio->streams[i].given)
                        json_object_object_add(object, streams[i], stream_options(&audio->streams[i]));
        vb_argv_add_json(argv, "-audiodev", object);
        return true;
}

const VbArgvClass vb_argv_audio = { .build = build_audio };
