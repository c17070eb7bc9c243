#include <CLI/CLI.hpp>

#include "cli/describe.h"
#include "cli/shared_options.h"

namespace frugal::cli {

void describe(CLI::App& c, OptimizeOptions& o) {
  c.add_option("-f,--file", o.file, "the experiment: parameters, metrics, tasks; YAML or JSON")
      ->type_name("FILE");
  c.add_option("--budget", o.budget,
               "40runs, 20m, 2h, 5usd; several: the first that is spent; default: the file's "
               "observation_budget");
  c.add_option("--workers", o.workers,
               "programs side by side; 0: the file's parallel_bandwidth, else 1")
      ->check(CLI::Range(0u, 1024u));
  add_launch_options(c, o.launch);
  c.add_option("--metric-file", o.metric_file,
               "where the program writes its metric, may use {trial_folder}; default: its "
               "standard output")
      ->type_name("FILE");
  c.add_option("--metric-regex", o.metric_regex,
               "its first group is the metric; default: the last JSON line or number")
      ->type_name("REGEX");
  c.add_option("--timeout", o.timeout, "90s, 10m, 2h: a trial that takes longer has failed")
      ->type_name("TIME");
  c.add_option("--suggester", o.suggester, "multitask, random, sobol, ...; default: the file's");
  c.add_option("--seed", o.seed, "of the search; default: the file's");
  add_price_options(c, o.price);
  c.add_option("--output", o.output,
               "the run's folder: store, logs, trials; default: frugal-runs/ and the file's name")
      ->type_name("DIR");
  c.add_flag("--dry-run", o.dry_run, "print the plan and the first trials, and run nothing");
  c.add_flag("--example", o.example, "print an experiment file to begin with");
}

void describe(CLI::App& c, ServeOptions& o) {
  c.add_option("--port", o.port, "0: any free one")->check(CLI::Range(0, 65535));
  c.add_option("--host", o.host, "address to listen on");
  c.add_option("--token", o.token,
               "what clients must show; default: made and kept beside the store");
  c.add_option("--store", o.store, "SQLite file, or postgresql://USER@HOST:PORT/DATABASE")
      ->type_name("FILE|ADDRESS");
  c.add_option("--tls-certificate", o.tls_certificate, "PEM file: answer over TLS")
      ->type_name("FILE");
  c.add_option("--tls-key", o.tls_key, "PEM file of the certificate's key")->type_name("FILE");
  c.add_option("--allow-host", o.allow_host,
               "a name by which clients call this machine, as often as needed; addresses, "
               "localhost and the machine's own name are always allowed")
      ->type_name("NAME");
  c.add_option("--access-log", o.access_log,
               "a line of JSON for each request, to this file; - for standard error")
      ->type_name("FILE");
  c.add_option("--abandoned-after", o.abandoned_after,
               "suggestions and training runs that were not heard of for so long are given up; "
               "never: they are kept")
      ->type_name("TIME");
  c.add_option("--rate", o.rate, "requests a second of one token; 0: without a limit")
      ->check(CLI::NonNegativeNumber);
  c.add_option("--most-connections", o.most_connections,
               "beyond, the one that idled longest is closed")
      ->check(CLI::Range(1u, 1'000'000u));
}

void describe(CLI::App& c, TokenOptions& o) {
  c.add_option("--store", o.store, "of frugal serve: SQLite file or postgresql://...")
      ->type_name("FILE|ADDRESS");
  c.add_flag("--read-only", o.read_only, "the token can only read");
  c.add_option("--experiment", o.experiment, "the only one that it sees; default: all")
      ->type_name("ID");
  c.add_option("--name", o.name, "what it is for");
  c.add_option("--expires-after", o.expires_after, "30d, 12h; default: never")->type_name("TIME");
  c.add_flag("--list", o.list, "list the tokens, without what they are");
  c.add_option("--revoke", o.revoke, "the token of this id is refused from now on")
      ->type_name("ID");
}

void describe(CLI::App& c, WorkerOptions& o) {
  c.add_option("--coordinator", o.coordinator, "http://host:port")->type_name("URL")->required();
  c.add_option("--token-file", o.token_file, "file that holds the token")
      ->type_name("FILE")
      ->required();
  c.add_option("--experiment", o.experiment, "whose trials to take; default: any")->type_name("ID");
  c.add_option("--name", o.name, "how the worker calls itself; default: host and process");
  c.add_option("--threads", o.threads, "of one trial")->check(CLI::Range(1u, 1024u));
  c.add_flag("--programs", o.programs,
             "run the programs that experiments name: whoever has the token can run any here");
  c.add_option("--leave-after", o.leave_after_seconds,
               "end after so many seconds without a trial; 0: stay")
      ->check(CLI::NonNegativeNumber);
  c.add_option("--parent", o.parent, "end when this process ends; 0: stay")->type_name("PID");
}

void describe(CLI::App& c, ClusterOptions& o) {
  c.add_option("what", o.what, "status or logs")
      ->type_name("WHAT")
      ->required()
      ->check(CLI::IsMember({"status", "logs"}));
  c.add_option("run", o.run, "folder of tune or optimize")->type_name("RUN")->required();
  c.add_option("--trial", o.trial, "of logs: what the worker wrote that had this trial last")
      ->type_name("ID");
}

}  // namespace frugal::cli
