/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-lincerecognize
 * @title: lincerecognize
 * @short_description: recognises known pictures in video
 *
 * Looks in each frame for the pictures of a collection: logos, posters, packages, covers. It says
 * on the bus when an object appears and vanishes and where it stands, and attaches the places to
 * the frames as metas. The frames pass as they are: no pixel is changed and no frame copied.
 *
 * A collection is a directory with `ID.png` (jpg, webp, svg) or `ID/` with images, and `ID.json`
 * beside it for name and metadata, or an index that `lince index` has compiled. It is loaded in a
 * thread of the element's own, and again when it has changed on disk, when the property
 * `collection` is set and at the signal `reload`; the frames go on meanwhile, with what was loaded
 * before. At the start of a stream that is not live the first frame waits for it.
 *
 * ## Messages
 *
 * Element messages with a structure named `recognition`. Times are #guint64 in nanoseconds and left
 * out when unknown.
 *
 * * `type` (string): `appeared`, `vanished` (one each an object) or `moved` (one for each analysed
 *   frame on which something stands, and one for the first on which nothing stands any more)
 * * `timestamp`, `stream-time`, `running-time`, `duration`: of the frame
 * * `frame-number` (#guint64): the buffer's offset, where it is set
 * * `timecode` (string): where the buffer carries one
 * * `reference-timestamp` (#guint64), `reference-clock` (string): where the buffer carries one
 * * `arrival` (#gint64): UTC of the frame's entry into the element, microseconds since 1970
 * * `decided-after` (#guint64): nanoseconds from the frame's entry to this message
 * * `age` (#guint64): in async mode, nanoseconds from the frame described to the newest one
 * * `width`, `height` (#gint), `pixel-aspect-ratio` (#GstFraction): of the frame
 * * `collection`, `revision` (string): the collection's path and a hash of its content
 * * `objects` (list of structures `object`): with `id`, `name` (string), `track`, `exposure`
 *   (#guint64), `quad` (array of 8 #gdouble: four corners clockwise from the reference's own top
 *   left, x and y, normalised by the frame's width and height), `confidence`, `visible`, `area`
 *   (#gdouble, 0 to 1), `opacity`, `occluded`, `cut-off` (#gdouble, 0 to 1), `blur` (#gdouble,
 *   standard deviation in pixels, left out where it cannot be told), `kind` (string: texture or
 *   mark), `alternatives` (array of strings, where there are any); of `appeared` also
 *   `metadata` (string, JSON) and `resumed` (#gboolean); of `vanished` also `reason` (string: gone,
 *   cut, end, reset or collection), `frames` (#guint64), `seconds` and `area-seconds` (#gdouble);
 * of both `first-seen`, `last-seen` and `decided` (#guint64, running times)
 *
 * `recognition-plan` is posted when frames that cost more or less than the budget lead to another
 * plan: `plan`, `previous` (string, their names), `budget`, `cost` (#guint64, nanoseconds of CPU a
 * frame: allowed, and on average before), `running-time`.
 *
 * `recognition-collection` is posted when a collection is ready: `collection`, `revision` (string),
 * `objects`, `images`, `problems` (#guint). `recognition-problem` is posted for each of its
 * pictures that cannot be used: `collection`, `image`, `text` (string).
 *
 * ## Metas
 *
 * Each analysed buffer gets a custom meta `lince-recognition` with the fields of `moved`, a
 * #GstVideoRegionOfInterestMeta for each placement, with the object's name as its type and its
 * `confidence`, `opacity`, `occluded`, `cut-off`, `blur` and `kind` in a structure
 * `lince-recognition` among its params, and analytics metas where GStreamer has them (1.24). Frames
 * that are not analysed get none. In async
 * mode every buffer gets the newest result that is not older than a second, with its `age`.
 *
 * ## Formats
 *
 * Any strides and offsets are honoured (#GstVideoMeta). Whether upstream may use such layouts is
 * downstream's to say, which gets the very frames: its answer to the ALLOCATION query is passed on.
 *
 * Formats of 8 bits are read in place, luma and chroma, others of up to 12 bits and RGB are
 * narrowed into planes of the element's own. Others are refused: insert `videoconvert` before it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m filesrc location=x.ts ! decodebin ! lincerecognize collection=DIR !
 * linceoverlay ! videoconvert ! autovideosink
 * ]|
 */
#include "gstlincerecognize.h"

#include <gst/video/video.h>

#include "media/frame_map.h"
#include "negotiation.h"
#include "supply.h"

GST_DEBUG_CATEGORY (gst_lince_recognize_debug);
#define GST_CAT_DEFAULT gst_lince_recognize_debug

enum {
  PROP_0,
  PROP_COLLECTION,
  PROP_MODE,
  PROP_INTERVAL,
  PROP_PLAN,
  PROP_BUDGET,
  PROP_POST_MESSAGES,
  PROP_ATTACH_META,
  PROP_MIN_CONFIDENCE,
  PROP_THREADS,
  PROP_STATS,
  PROP_REVISION,
};

#define DEFAULT_COLLECTION NULL
#define DEFAULT_MODE GST_LINCE_RECOGNIZE_MODE_SYNC
#define DEFAULT_INTERVAL 0
#define DEFAULT_PLAN GST_LINCE_RECOGNIZE_PLAN_LIVE
#define DEFAULT_BUDGET 0
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_ATTACH_META TRUE
#define DEFAULT_MIN_CONFIDENCE 0.5
#define DEFAULT_THREADS 1

struct _GstLinceRecognize {
  GstBaseTransform parent;

  /* the object lock */
  char *collection;
  LinceOptions options;
  guint threads;
  LinceSession *session; /* between start and stop */
  LinceSupply *supply;   /* likewise */

  gboolean waited; /* for the first load; the streaming thread's own */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK,
    GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (LINCE_FORMATS_READABLE)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC,
    GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (LINCE_FORMATS_READABLE)));

G_DEFINE_TYPE (GstLinceRecognize, gst_lince_recognize, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    lincerecognize, "lincerecognize", GST_RANK_NONE, GST_TYPE_LINCE_RECOGNIZE)

/* ---- state --------------------------------------------------------------------------------- */

/* The handler of the action signal. */
static void
gst_lince_recognize_reload (GstLinceRecognize *self)
{
  GST_OBJECT_LOCK (self);
  if (self->supply != NULL)
    lince_supply_reload (self->supply);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_lince_recognize_start (GstBaseTransform *trans)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);
  g_autofree char *path = NULL;
  LinceSession *session;
  LinceError error = {0};
  guint threads;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->collection);
  threads = self->threads;
  GST_OBJECT_UNLOCK (self);
  if (path == NULL || path[0] == '\0')
    goto no_collection;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    goto missing;
  session = lince_session_new (GST_ELEMENT (self), threads, &error);
  if (session == NULL)
    goto no_recognizer;

  self->waited = FALSE;
  GST_OBJECT_LOCK (self);
  self->session = session;
  lince_session_set_options (session, &self->options);
  self->supply = lince_supply_new (GST_ELEMENT (self), session, path);
  GST_OBJECT_UNLOCK (self);
  return TRUE;

  /* ERRORS */
no_collection:
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
      ("No collection is set: give the property \"collection\" a directory of pictures or an "
       "index."),
      (NULL));
  return FALSE;
missing:
  GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
      ("The collection %s does not exist: give the property \"collection\" a directory of pictures "
       "or an index.",
          path),
      (NULL));
  return FALSE;
no_recognizer:
  GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT, ("%s", error.text), (NULL));
  return FALSE;
}

static gboolean
gst_lince_recognize_stop (GstBaseTransform *trans)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);
  LinceSession *session;
  LinceSupply *supply;

  lince_session_end (self->session, LINCE_REASON_END, TRUE);
  GST_OBJECT_LOCK (self);
  supply = g_steal_pointer (&self->supply);
  session = g_steal_pointer (&self->session);
  GST_OBJECT_UNLOCK (self);
  lince_supply_free (supply); /* its thread uses the session */
  lince_session_free (session);
  return TRUE;
}

/* A streaming thread that waits for the collection must not hold up a change of state. */
static void
forbid_wait (GstLinceRecognize *self, gboolean forbid)
{
  GST_OBJECT_LOCK (self);
  if (self->supply != NULL)
    lince_supply_forbid_wait (self->supply, forbid);
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
gst_lince_recognize_change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    forbid_wait (GST_LINCE_RECOGNIZE (element), TRUE);
  return GST_ELEMENT_CLASS (gst_lince_recognize_parent_class)->change_state (element, transition);
}

/* ---- caps, events, queries ----------------------------------------------------------------- */

static gboolean
gst_lince_recognize_set_caps (GstBaseTransform *trans, GstCaps *in, GstCaps *out)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);
  GstVideoInfo info;

  if (!lince_video_info_read (&info, in)) {
    GST_ERROR_OBJECT (self, "unusable caps %" GST_PTR_FORMAT, in);
    return FALSE;
  }
  if (!lince_session_set_format (self->session, &info))
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("Frames of %d x %d pixels pass unrecognised: sides from %d to %d can be analysed; insert "
         "\"videoscale\".",
            GST_VIDEO_INFO_WIDTH (&info), GST_VIDEO_INFO_HEIGHT (&info), LINCE_FRAME_MIN_SIDE,
            LINCE_FRAME_MAX_SIDE),
        (NULL));
  return TRUE;
}

static gboolean
gst_lince_recognize_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      lince_session_end (self->session, LINCE_REASON_END, FALSE);
      break;
    case GST_EVENT_STREAM_START:
      lince_session_end (self->session, LINCE_REASON_RESET, FALSE);
      break;
    case GST_EVENT_FLUSH_START:
      forbid_wait (self, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      forbid_wait (self, FALSE);
      self->waited = FALSE;
      lince_session_end (self->session, LINCE_REASON_RESET, TRUE);
      lince_session_set_late_until (self->session, 0);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_lince_recognize_parent_class)->sink_event (trans, event);
}

/* Downstream's lateness costs analysis, never frames. */
static gboolean
gst_lince_recognize_src_event (GstBaseTransform *trans, GstEvent *event)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);

  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    GstClockTimeDiff difference;
    GstClockTime timestamp;

    gst_event_parse_qos (event, NULL, NULL, &difference, &timestamp);
    if (!GST_CLOCK_TIME_IS_VALID (timestamp) || difference <= 0)
      timestamp = difference = 0;
    GST_OBJECT_LOCK (self);
    if (self->session != NULL)
      lince_session_set_late_until (self->session, timestamp + 2 * (GstClockTime) difference);
    GST_OBJECT_UNLOCK (self);
  }
  return GST_BASE_TRANSFORM_CLASS (gst_lince_recognize_parent_class)->src_event (trans, event);
}

static gboolean
gst_lince_recognize_query (GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  gboolean done =
      GST_BASE_TRANSFORM_CLASS (gst_lince_recognize_parent_class)->query (trans, direction, query);

  if (!done || GST_QUERY_TYPE (query) != GST_QUERY_CAPS)
    return done;
  if (direction == GST_PAD_SINK)
    lince_negotiation_amend_sink (GST_BASE_TRANSFORM_SINK_PAD (trans), query);
  else
    lince_negotiation_amend_source (GST_BASE_TRANSFORM_SRC_PAD (trans), query);
  return done;
}

static gboolean
gst_lince_recognize_accept_caps (GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
  GstBaseTransformClass *parent = GST_BASE_TRANSFORM_CLASS (gst_lince_recognize_parent_class);

  return parent->accept_caps (trans, direction, caps) ||
         (direction == GST_PAD_SINK &&
             lince_negotiation_tolerates (GST_BASE_TRANSFORM_SINK_PAD (trans), caps));
}

/* ---- frames -------------------------------------------------------------------------------- */

/* A buffer that others hold too gets a shell of its own for its metas; the memory is shared. */
static GstFlowReturn
gst_lince_recognize_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  if (gst_base_transform_is_passthrough (trans) || gst_buffer_is_writable (input))
    *output = input;
  else
    *output = gst_buffer_copy (input);
  return GST_FLOW_OK;
}

/* A stream that is not live loses nothing by waiting for the collection. FALSE when it cannot be
 * loaded. */
static gboolean
wait_for_collection (GstLinceRecognize *self)
{
  if (!self->waited) {
    self->waited = TRUE;
    lince_supply_wait (self->supply, GST_BASE_TRANSFORM_SINK_PAD (self));
  }
  return !lince_supply_has_failed (self->supply);
}

static GstFlowReturn
gst_lince_recognize_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (trans);

  if (!wait_for_collection (self))
    return GST_FLOW_ERROR; /* and it has been said why */
  lince_session_frame (self->session, buffer, &trans->segment);
  return GST_FLOW_OK;
}

/* ---- properties ---------------------------------------------------------------------------- */

static GstStructure *
make_stats (GstLinceRecognize *self)
{
  GstStructure *stats = gst_structure_new_empty ("lince-recognize-stats");

  GST_OBJECT_LOCK (self);
  lince_session_describe (self->session, stats);
  GST_OBJECT_UNLOCK (self);
  return stats;
}

static void
gst_lince_recognize_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_COLLECTION:
      g_free (self->collection);
      self->collection = g_value_dup_string (value);
      if (self->supply != NULL)
        lince_supply_set_path (self->supply, self->collection);
      break;
    case PROP_MODE:
      self->options.mode = g_value_get_enum (value);
      break;
    case PROP_INTERVAL:
      self->options.interval = g_value_get_uint64 (value);
      break;
    case PROP_PLAN:
      self->options.plan = g_value_get_enum (value);
      break;
    case PROP_BUDGET:
      self->options.budget = g_value_get_uint64 (value);
      break;
    case PROP_POST_MESSAGES:
      self->options.post_messages = g_value_get_boolean (value);
      break;
    case PROP_ATTACH_META:
      self->options.attach_meta = g_value_get_boolean (value);
      break;
    case PROP_MIN_CONFIDENCE:
      self->options.minimum_confidence = g_value_get_double (value);
      break;
    case PROP_THREADS:
      self->threads = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  if (self->session != NULL)
    lince_session_set_options (self->session, &self->options);
  GST_OBJECT_UNLOCK (self);
  if (id == PROP_ATTACH_META)
    gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), !g_value_get_boolean (value));
}

static void
gst_lince_recognize_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstLinceRecognize *self = GST_LINCE_RECOGNIZE (object);
  char revision[LINCE_REVISION_SIZE] = "";

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_COLLECTION:
      g_value_set_string (value, self->collection);
      break;
    case PROP_MODE:
      g_value_set_enum (value, self->options.mode);
      break;
    case PROP_INTERVAL:
      g_value_set_uint64 (value, self->options.interval);
      break;
    case PROP_PLAN:
      g_value_set_enum (value, self->options.plan);
      break;
    case PROP_BUDGET:
      g_value_set_uint64 (value, self->options.budget);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->options.post_messages);
      break;
    case PROP_ATTACH_META:
      g_value_set_boolean (value, self->options.attach_meta);
      break;
    case PROP_MIN_CONFIDENCE:
      g_value_set_double (value, self->options.minimum_confidence);
      break;
    case PROP_THREADS:
      g_value_set_uint (value, self->threads);
      break;
    case PROP_REVISION:
      if (self->supply != NULL)
        lince_supply_get_revision (self->supply, revision);
      g_value_set_string (value, revision[0] != '\0' ? revision : NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_lince_recognize_finalize (GObject *object)
{
  g_free (GST_LINCE_RECOGNIZE (object)->collection);
  G_OBJECT_CLASS (gst_lince_recognize_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags playing =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags ready = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * GstLinceRecognize:collection:
   *
   * A directory of reference pictures, or an index that `lince index` has compiled. When set while
   * playing, the one before serves until the new one is loaded, and goes on when that fails.
   */
  g_object_class_install_property (object_class, PROP_COLLECTION,
      g_param_spec_string ("collection", "Collection",
          "Directory of reference pictures (ID.png, ID/*.png, ID.json), or an index file made by "
          "\"lince index\"; watched, and loaded again when it changes",
          DEFAULT_COLLECTION, playing));
  /**
   * GstLinceRecognize:mode:
   *
   * `sync`: reads the frame in place, and its metas are on the very frame. `async`: copies it,
   * reduced to at most 2 MB, and never holds up the stream; a frame that comes while another is
   * analysed waits, and a newer one takes its place.
   */
  g_object_class_install_property (object_class, PROP_MODE,
      g_param_spec_enum ("mode", "Mode",
          "sync: analyse each frame before it goes on, metas on the very frame; async: analyse a "
          "copy beside the stream, metas and messages carry the age of what they describe",
          GST_TYPE_LINCE_RECOGNIZE_MODE, DEFAULT_MODE, playing));
  g_object_class_install_property (object_class, PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Nanoseconds from an analysed frame to the next; 0: analyse every frame", 0, G_MAXINT64,
          DEFAULT_INTERVAL, playing));
  /**
   * GstLinceRecognize:plan:
   *
   * How much is done on a frame, in counted units and not in time, so that one plan gives one
   * result on any machine. `thorough` searches every frame, `live` every fourth one and the first of
   * each shot; both follow and verify on every frame what has been found.
   */
  g_object_class_install_property (object_class, PROP_PLAN,
      g_param_spec_enum ("plan", "Plan",
          "How much is done on a frame: thorough searches each, live keeps up with a camera; with "
          "a budget, the most that is done",
          GST_TYPE_LINCE_RECOGNIZE_PLAN, DEFAULT_PLAN, playing));
  /**
   * GstLinceRecognize:budget:
   *
   * Where frames go on costing more, the next ones are analysed under a lower plan (`live-1` to
   * `live-5`): fewer searches, for less, while what has been found is followed on every frame. Once
   * they cost little enough it goes up again, a rung at a time. One expensive frame changes
   * nothing, and no frame waits. The property `stats` counts what was left out, and each change is
   * posted as `recognition-plan`.
   */
  g_object_class_install_property (object_class, PROP_BUDGET,
      g_param_spec_uint64 ("budget", "Budget",
          "Nanoseconds of CPU time that the analysis of a frame may cost on average; where it goes "
          "on costing more, less is done. 0: the plan is fixed, whatever it costs",
          0, G_MAXINT64, DEFAULT_BUDGET, playing));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post element messages \"recognition\" on the bus: appeared, vanished, moved",
          DEFAULT_POST_MESSAGES, playing));
  g_object_class_install_property (object_class, PROP_ATTACH_META,
      g_param_spec_boolean ("attach-meta", "Attach metas",
          "Attach the placements to the frames as metas, for linceoverlay and others downstream",
          DEFAULT_ATTACH_META, playing));
  g_object_class_install_property (object_class, PROP_MIN_CONFIDENCE,
      g_param_spec_double ("min-confidence", "Minimum confidence",
          "Placements of less confidence are not reported", 0.0, 1.0, DEFAULT_MIN_CONFIDENCE,
          playing));
  g_object_class_install_property (object_class, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that analyse a frame; the result does not depend on it", 1, 16, DEFAULT_THREADS,
          ready));
  /**
   * GstLinceRecognize:stats:
   *
   * A structure `lince-recognize-stats`, its fields #guint64 and summed since the start: `frames`
   * passed (rises while the element lives), `analysed`, `skipped` (passed unanalysed for whatever
   * reason), `late` (of these, because downstream was late), `dropped` (async mode: overwritten by
   * a newer frame), `refused`, `analysis-time`, `last-analysis-time`, `keypoints`, `matches`,
   * `hypotheses`, `verified`, `rejected`, `searches`, `searches-skipped` (analysed frames that the
   * plan did not search), `mark-searches` (for brand marks), `plan-downs` and `plan-ups` (steps to
   * a lower and a higher plan), `overruns` (frames that cost more than the budgets until the next
   * search), `frames-PLAN` analysed under each plan, and `STAGE-time` in nanoseconds of CPU for
   * each stage of the recogniser; and `plan` (string), the one in use.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counts and times since the start: frames, analysed, skipped, late, dropped, refused, "
          "searches, frames under each plan, analysis-time and each stage's time (ns); the plan",
          GST_TYPE_STRUCTURE, read_only));
  g_object_class_install_property (object_class, PROP_REVISION,
      g_param_spec_string ("revision", "Revision",
          "Revision of the collection in use: a hash of its content; NULL while none is loaded",
          NULL, read_only));
}

static void
gst_lince_recognize_class_init (GstLinceRecognizeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_lince_recognize_debug, "lincerecognize", 0, "recognition");
  object_class->set_property = gst_lince_recognize_set_property;
  object_class->get_property = gst_lince_recognize_get_property;
  object_class->finalize = gst_lince_recognize_finalize;
  install_properties (object_class);
  /**
   * GstLinceRecognize::reload:
   *
   * Loads the collection again, though it seems unchanged. What is loaded serves meanwhile.
   */
  g_signal_new_class_handler ("reload", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (gst_lince_recognize_reload), NULL, NULL,
      NULL, G_TYPE_NONE, 0);

  gst_element_class_set_static_metadata (element_class, "Picture recogniser",
      "Filter/Analyzer/Video", "Recognises the pictures of a collection in video", "Lince");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_type_mark_as_plugin_api (GST_TYPE_LINCE_RECOGNIZE_MODE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_LINCE_RECOGNIZE_PLAN, 0);

  element_class->change_state = gst_lince_recognize_change_state;
  trans_class->start = gst_lince_recognize_start;
  trans_class->stop = gst_lince_recognize_stop;
  trans_class->set_caps = gst_lince_recognize_set_caps;
  trans_class->sink_event = gst_lince_recognize_sink_event;
  trans_class->src_event = gst_lince_recognize_src_event;
  trans_class->accept_caps = gst_lince_recognize_accept_caps;
  trans_class->query = gst_lince_recognize_query;
  trans_class->prepare_output_buffer = gst_lince_recognize_prepare_output_buffer;
  trans_class->transform_ip = gst_lince_recognize_transform_ip;
  trans_class->transform_ip_on_passthrough = TRUE;
}

static void
gst_lince_recognize_init (GstLinceRecognize *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);

  self->collection = g_strdup (DEFAULT_COLLECTION);
  self->options = (LinceOptions){
      .mode = DEFAULT_MODE,
      .interval = DEFAULT_INTERVAL,
      .plan = DEFAULT_PLAN,
      .budget = DEFAULT_BUDGET,
      .post_messages = DEFAULT_POST_MESSAGES,
      .attach_meta = DEFAULT_ATTACH_META,
      .minimum_confidence = DEFAULT_MIN_CONFIDENCE,
  };
  self->threads = DEFAULT_THREADS;
  gst_base_transform_set_in_place (trans, TRUE);
  gst_base_transform_set_passthrough (trans, !DEFAULT_ATTACH_META);
  /* the base class would drop frames that come late; here only their analysis is left out */
  gst_base_transform_set_qos_enabled (trans, FALSE);
  lince_negotiation_watch (GST_ELEMENT (self), GST_BASE_TRANSFORM_SINK_PAD (trans));
}
