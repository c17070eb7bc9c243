#include <CLI/CLI.hpp>

#include "cli/describe.h"
#include "cli/shared_options.h"

namespace frugal::cli {

void describe(CLI::App& c, AugmentOptions& o) {
  add_data_options(c, o.data, false);
  c.add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c.add_option("--output", o.output, "folder for contact-sheet.png, measures.json, photographs/")
      ->type_name("DIR");
  c.add_option("--count", o.count, "photographs on the sheet")->check(CLI::Range(1u, 100u));
  c.add_option("--variants", o.variants, "of each photograph")->check(CLI::Range(1u, 100u));
  c.add_option("--resolution", o.resolution, "short side of what is shown, in pixels")
      ->check(CLI::Range(16u, 2048u));
  c.add_option("--multiplier", o.multiplier,
               "export the data with so many altered copies of each training photograph; 0: none")
      ->check(CLI::Range(0u, 1000u));
  c.add_option("--export-resolution", o.export_resolution,
               "short side of the copies, before a policy crops; 0: the photograph's own")
      ->check(CLI::Range(0u, 4096u));
  c.add_option("--seed", o.seed, "of the choice of photographs and of the variants");
  c.add_flag("--list", o.list, "print the named policies and every transform, with its ranges");
}

void describe(CLI::App& c, CheckOptions& o) {
  c.add_option("data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("DATA")
      ->required();
  c.add_option("--reader", o.data.reader, "folder, csv or stanford-cars")->type_name("NAME");
  c.add_flag("--strict", o.data.strict, "any broken photograph is an error");
}

void describe(CLI::App& c, DemoOptions& o) {
  c.add_option("--output", o.output, "folder for photographs, weights and the run")
      ->type_name("DIR");
  c.add_option("--budget", o.budget, "for the tuning");
  c.add_option("--seed", o.seed, "of everything that is drawn");
}

}  // namespace frugal::cli
