/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum {
        VB_AUDIO_NONE,
        VB_AUDIO_ALSA,
        VB_AUDIO_JACK,
        VB_AUDIO_OSS,
        VB_AUDIO_PULSEAUDIO,
        VB_AUDIO_SDL,
        VB_AUDIO_SPICE,
        VB_AUDIO_FILE,
        VB_AUDIO_DBUS,
        _VB_AUDIO_MAX,
} VbAudioType;

/* Options whose value is free text. */
typedef enum {
        VB_AUDIO_TEXT_DEVICE,        /* alsa, oss */
        VB_AUDIO_TEXT_NAME,          /* pulseaudio: the device */
        VB_AUDIO_TEXT_STREAM_NAME,   /* pulseaudio */
        VB_AUDIO_TEXT_SERVER_NAME,   /* jack */
        VB_AUDIO_TEXT_CLIENT_NAME,   /* jack */
        VB_AUDIO_TEXT_CONNECT_PORTS, /* jack */
        VB_AUDIO_TEXT_FORMAT,
        _VB_AUDIO_TEXT_MAX,
} VbAudioText;

/* Numbers, 0: not given. Times are microseconds. */
typedef enum {
        VB_AUDIO_NUMBER_VOICES,
        VB_AUDIO_NUMBER_BUFFER_LENGTH,
        VB_AUDIO_NUMBER_BUFFER_COUNT, /* oss, sdl */
        VB_AUDIO_NUMBER_LATENCY,      /* pulseaudio */
        VB_AUDIO_NUMBER_FREQUENCY,
        VB_AUDIO_NUMBER_CHANNELS,
        _VB_AUDIO_NUMBER_MAX,
} VbAudioNumber;

typedef enum {
        VB_AUDIO_SWITCH_MIXING_ENGINE,
        VB_AUDIO_SWITCH_FIXED_SETTINGS,
        VB_AUDIO_SWITCH_TRY_POLL,   /* alsa, oss */
        VB_AUDIO_SWITCH_EXACT_NAME, /* jack */
        _VB_AUDIO_SWITCH_MAX,
} VbAudioSwitch;

/* <input> and <output> */
typedef struct {
        bool given;
        VbTristate switches[_VB_AUDIO_SWITCH_MAX];
        uint32_t numbers[_VB_AUDIO_NUMBER_MAX];
        char *texts[_VB_AUDIO_TEXT_MAX];
} VbAudioStream;

/* <audio>: where the sound of the guest goes on the host, and comes from. */
typedef struct {
        VbDevice base;
        VbAudioType type;
        uint32_t id;
        uint32_t timer_period;          /* microseconds, 0: not given */
        VbAudioStream streams[2];       /* input, output */
        char *path;                     /* file */
        char *server_name;              /* pulseaudio */
        char *driver;                   /* sdl */
        VbTristate try_mmap, exclusive; /* oss */
        int dsp_policy;                 /* oss; -1: not given */
} VbAudio;

/* Adds the backend that a definition with sound, or a server that carries sound, has if it names none; and
 * checks that ids are right. */
bool vb_audio_complete_all(VbCompletion *completion, GError **error);

/* The backend called @id, 0: the first. NULL if there is none. */
const VbAudio *vb_domain_def_find_audio(const VbDomainDef *def, uint32_t id);

/* One option of a stream: the XML's attribute, QEMU's key, and for which types it is (bits of VbAudioType).
 */
typedef struct {
        const char *attribute, *key;
        unsigned types;
        bool settings; /* it is of the child <settings> */
} VbAudioOption;

extern const VbAudioOption vb_audio_switches[_VB_AUDIO_SWITCH_MAX];
extern const VbAudioOption vb_audio_numbers[_VB_AUDIO_NUMBER_MAX];
extern const VbAudioOption vb_audio_texts[_VB_AUDIO_TEXT_MAX];

extern const VbDeviceClass vb_audio_class;
