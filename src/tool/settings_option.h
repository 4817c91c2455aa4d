/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The recogniser's settings as options, the same for every command that recognises. */
#pragma once

#include <glib.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

extern int lince_settings_option_threads;
extern double lince_settings_option_minimum_confidence;
extern char *lince_settings_option_plan;

#define LINCE_SETTINGS_OPTIONS                                                                     \
  {"threads", 0, 0, G_OPTION_ARG_INT, &lince_settings_option_threads,                              \
      "Threads, 1 to 16 (one a processor)", "N"},                                                  \
      {"plan", 0, 0, G_OPTION_ARG_STRING, &lince_settings_option_plan,                             \
          "How much is done on a frame: thorough, live, live-1 to live-5 (thorough)", "PLAN"},     \
  {                                                                                                \
    "min-confidence", 0, 0, G_OPTION_ARG_DOUBLE, &lince_settings_option_minimum_confidence,        \
        "Leave out what is less sure than C, from 0 to 1", "C"                                     \
  }

/* The defaults with what the options say. EX_OK, or EX_USAGE after naming the bad option. */
int lince_settings_option_read (LinceSettings *settings);

G_END_DECLS
