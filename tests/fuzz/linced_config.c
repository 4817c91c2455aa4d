/* SPDX-License-Identifier: LGPL-2.1-or-later
 * linced's configuration: whatever the text holds, it is read within its limits, or refused with
 * sentences that each name the file and a line. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "wire/id.h"

static void
check_refusal (const GError *error)
{
  if (error == NULL || error->domain != LINCED_CONFIG_ERROR)
    abort ();
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  for (char **line = lines; *line; line++) {
    if (!g_str_has_prefix (*line, "/etc/x.conf:"))
      abort ();
  }
}

static void
check_stream (const LincedStreamConfig *stream)
{
  if (!lince_id_is_valid (stream->id, -1) || !lince_id_is_valid (stream->pipeline, -1) ||
      !stream->uri || !strchr (stream->uri, ':') || *stream->collection != '/' ||
      stream->interval > 3600 * G_GINT64_CONSTANT (1000000000) || stream->min_confidence > 1)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LincedConfig) config =
      linced_config_parse ("/etc/x.conf", (const char *) data, size, &error);
  if (!config) {
    check_refusal (error);
    return 0;
  }
  if (error || config->port > 65535 || config->streams->len > LINCED_CONFIG_MAX_STREAMS)
    abort ();
  for (guint i = 0; i < config->streams->len; i++)
    check_stream (g_ptr_array_index (config->streams, i));
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const char *const seeds[] = {
      "# a comment\n[daemon]\nlisten=127.0.0.1\nport=8770\nnode=studio-1\n"
      "allowed-origins=https://a.example;https://b\nallowed-hosts=lince.example\n"
      "max-connections=100\nkeep-streams=true\n\n[stream "
      "one]\nuri=rtsp://user:pass@camera/1?key=x\n"
      "pipeline=default\ncollection=/srv/marks\nmode=async\ninterval=40ms\nbudget=0.01s\n"
      "min-confidence=0.5\nenabled=false\n\n[stream "
      "\xc3\xa9t\xc3\xa9]\nuri=file.ts\ncollection=b\n",
      ("stray=1\n[daemon\n[daemon]\n[daemon]\nport=99999\nport=1\nlisten=x\n[]\n[stream ..]\n"
      "interval=1h\n=\n\\\n[stream a]\nuri=\\q\nmode=\n[other]\n\xff\n"),
      "[stream a]\nuri=x\ncollection=y\ninterval=1e400s\nbudget=-1s\nmin-confidence=nan\n",
      "[stream a]\nuri[de]=x\ncollection=y\n[stream b]\n uri = x \n collection\t=y\r\n",
  };
  if (number >= G_N_ELEMENTS (seeds))
    return 0;
  *size = strlen (seeds[number]);
  *data = malloc (*size);
  memcpy (*data, seeds[number], *size);
  return 1;
}
