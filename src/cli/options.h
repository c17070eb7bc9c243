// The options of every command, as plain values. Bound to names in describe.h; the
// defaults stand here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::cli {

struct VoiceOptions {
  bool quiet = false;    // nothing but errors and the result
  bool json = false;     // JSON lines, the last one the result
  bool verbose = false;  // more of what happens on the way
};

struct DataOptions {
  std::string data;     // image folder, CSV or Stanford Cars layout
  std::string reader;   // "": recognized by what is there
  bool strict = false;  // any broken photograph is an error
};

struct MachineOptions {
  unsigned workers = 0;  // 0: what the other leaves of the cores; both 0: what is measured fastest
  unsigned threads = 0;  // a worker
};

// Of the photographs, held out; absent: data::usual_share.
struct SplitShares {
  std::optional<double> validation, test;
};

// Where the workers run. Of Slurm's jobs: "" and 0 are the cluster's defaults.
struct LaunchOptions {
  std::string on = "local";  // "local", "slurm"
  std::string listen;        // ADDRESS or ADDRESS:PORT of ours for the workers; "": chosen
  std::string partition, gpus, time;
  unsigned array = 100;                   // workers in one job array, at most
  std::vector<std::string> sbatch_extra;  // more words for sbatch
  double leave_after_seconds = 60;  // a worker of a cluster that has no trial for so long goes
};

struct PriceOptions {
  double per_hour = 0;  // dollars, of the whole machine; overrules the list
  std::string machine;  // "c7a.large", of the list
  bool spot = false;
  std::string prices;  // the list; "": prices.yml beside the program, or the built-in one
};

struct TuneOptions {
  VoiceOptions voice;
  DataOptions data;
  MachineOptions machine;
  LaunchOptions launch;
  std::string weights;
  std::string network;            // "": read off the weights
  std::string strategy = "auto";  // "fine-tune", "features", "auto"
  std::string budget;
  std::string recipe = "default";     // what to begin from: "default", "study" or a file
  std::string augment = "crop-flip";  // of fine-tuning
  std::string suggester = "multitask";
  std::string output = "frugal-runs/tune";
  std::uint64_t seed = 0;
  unsigned seeds = 3;       // fresh seeds on which the winner is run again, at most
  unsigned resolution = 0;  // pixels of the short side; 0: what the budget allows
  double epochs = 0;        // of the full task; 0: what the budget allows
  std::string task_by =
      "resolution";         // how cheap tasks are cheaper: "epochs", "resolution", "depth"
  double stop_risk = 0.05;  // that a run stopped for its learning curve would have been the best
  PriceOptions price;
  SplitShares shares;
  bool refit = true;  // the winner once more, on the validation photographs too
  bool dry_run = false;
};

struct OptimizeOptions {
  VoiceOptions voice;
  std::string file;                  // the experiment, YAML or JSON
  std::vector<std::string> command;  // what stands behind "--"
  std::string budget;                // "": the file's observation_budget
  unsigned workers = 0;              // 0: the file's parallel_bandwidth, else 1
  LaunchOptions launch;
  std::string metric_file;   // "": the file's, else standard output
  std::string metric_regex;  // "": the file's, else the last JSON line
  std::string timeout;       // "10m", of one trial; "": the file's, else none
  std::string suggester;     // "": the file's, else multitask
  std::optional<std::uint64_t> seed;
  PriceOptions price;
  std::string output;  // "": frugal-runs/ and the file's name
  bool dry_run = false;
  bool example = false;  // print an experiment file to begin with
};

struct TrainOptions {
  VoiceOptions voice;
  DataOptions data;
  std::string recipe = "default";  // "default", "study" or a file; flags overrule it
  std::string weights;
  std::string network;
  std::string strategy;  // "": fine-tune, or what the recipe says
  std::string augment;
  std::string output = "frugal-runs/train";
  std::uint64_t seed = 0;
  unsigned threads = 0;
  unsigned resolution = 0;
  double epochs = 0;
  std::string budget;            // time for the one run; "": what --epochs and --resolution say
  bool with_validation = false;  // learn from the validation photographs too
  std::vector<std::string> set;  // "learning_rate=0.03": any key of a recipe
  PriceOptions price;            // for a budget of dollars
  bool reproduce_leak = false;   // price the study's protocol beside the sound one
  SplitShares shares;
  bool dry_run = false;
};

struct CompareOptions {
  VoiceOptions voice;
  std::string study;  // the file
  DataOptions data;   // overrule the file, as all that follow
  std::vector<std::string> weights;
  std::string budget;
  unsigned seeds = 0;  // 0: the file's
  MachineOptions machine;
  PriceOptions price;
  std::string output;  // "": frugal-runs/ and the file's name
  bool dry_run = false;
};

struct AdviseOptions {
  VoiceOptions voice;
  DataOptions data;
  std::vector<std::string> weights;
  std::string budget;
  std::vector<std::string> past;            // folders of runs and studies, or folders of those
  std::string check;                        // a run that took the advice of its folder; "": advise
  std::string output = "frugal-runs/tune";  // where that run will be
  PriceOptions price;
  std::uint64_t seed = 0;
  double probe_share = 0.05;    // of the budget, at most, for looking at the photographs
  std::string format = "text";  // text, md, csv
};

struct EvaluateOptions {
  VoiceOptions voice;
  DataOptions data;  // data "": the run's own test part
  std::string run;
  unsigned threads = 0;
};

struct PredictOptions {
  VoiceOptions voice;
  std::string run;
  std::vector<std::string> images;  // files, folders, "-" for a list on standard input
  unsigned top = 5;
  unsigned threads = 0;
};

struct AugmentOptions {
  VoiceOptions voice;
  DataOptions data;
  std::string augment = "crop-flip";
  std::string output = "frugal-augment";
  std::uint64_t seed = 0;
  unsigned count = 8;              // photographs on the sheet
  unsigned variants = 5;           // of each
  unsigned resolution = 224;       // short side of what is shown, pixels
  unsigned multiplier = 0;         // altered copies of each photograph to export; 0: none
  unsigned export_resolution = 0;  // short side of the copies; 0: the photograph's own
  bool list = false;               // print policies and transforms, and do nothing
};

struct CheckOptions {
  VoiceOptions voice;
  DataOptions data;
};

struct ReportOptions {
  VoiceOptions voice;
  std::string run;              // or a study's folder
  std::string format = "html";  // html, json, md, csv
  std::string output;           // "": report.html in the run, standard output for the others
};

struct ExplainOptions {
  VoiceOptions voice;
  DataOptions data;  // data "": the run's own test part
  std::string run;
  std::vector<std::string> only;  // questions; none: all
  std::string budget = "5m";      // for all training runs together
  std::string onto;               // weights of another network; "": no transfer
  std::string format = "text";    // of what is printed: text, html, md, csv, json
  unsigned threads = 0;
};

struct ExportOptions {
  VoiceOptions voice;
  std::string run;
  std::string format = "pth";  // pth, safetensors
  std::string output;          // "": model.FORMAT in the current folder
};

struct ServeOptions {
  VoiceOptions voice;
  std::string host = "127.0.0.1";
  int port = 8265;
  std::string token;  // "": made at first start, beside the store
  std::string store = "frugal.db";
  std::string tls_certificate, tls_key;  // PEM files; both or none
  std::vector<std::string> allow_host;   // names that clients may call this machine by
  std::string access_log;                // "": none; "-": standard error
  std::string abandoned_after = "24h";   // suggestions and runs that nobody was heard of
  double rate = 20000;                   // requests a second of one token; 0: any
  std::size_t most_connections = 10000;
};

struct TokenOptions {
  VoiceOptions voice;
  std::string store = "frugal.db";
  std::string experiment;  // "": all
  std::string name;
  std::string expires_after;  // "30d"; "": never
  std::string revoke;         // id
  bool read_only = false;
  bool list = false;
};

struct WorkerOptions {
  VoiceOptions voice;
  std::string coordinator;  // http://127.0.0.1:port
  std::string token_file;
  std::string experiment;  // "": the coordinator's current one
  std::string name;
  unsigned threads = 1;
  int parent = 0;                  // process to end with; 0: none
  bool programs = false;           // run the programs that experiments name
  double leave_after_seconds = 0;  // without a trial; 0: never
};

struct ClusterOptions {
  VoiceOptions voice;
  std::string what;   // "status", "logs"
  std::string run;    // folder
  std::string trial;  // of logs: id
};

struct DemoOptions {
  VoiceOptions voice;
  std::string output = "frugal-demo";
  std::string budget = "2m";
  std::uint64_t seed = 0;
};

}  // namespace frugal::cli
