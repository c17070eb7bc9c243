#include "vision/model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "vision/model/golden/formula.h"
#include "vision/model/network.h"
#include "vision/model/test_folder.h"

namespace frugal::model {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::filesystem::path kGolden =
    std::filesystem::path(FRUGAL_SOURCE_DIR) / "src/vision/model/golden";

StateDict parse(const std::string& file) {
  return parse_weights(std::as_bytes(std::span(file)), "w.pth");
}

const std::vector<std::pair<std::string, std::vector<std::int64_t>>> kTiny{
    {"0.weight", {4, 3, 3, 3}},
    {"0.bias", {4}},
    {"1.weight", {4}},
    {"1.bias", {4}},
    {"1.running_mean", {4}},
    {"1.running_var", {4}},
    {"1.num_batches_tracked", {}},
    {"2.weight", {2, 4}},
    {"2.bias", {2}}};

StateDict tiny() {
  StateDict state;
  for (const auto& [name, sizes] : kTiny) state.emplace_back(name, golden::tensor(name, sizes));
  return state;
}

void expect_same(const StateDict& got, const StateDict& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].first, expected[i].first);
    EXPECT_TRUE(got[i].second.equal(expected[i].second)) << got[i].first;
    EXPECT_TRUE(got[i].second.is_contiguous());
  }
}

StateDict through(at::ScalarType type, StateDict state) {
  for (auto& [name, tensor] : state)
    if (tensor.is_floating_point()) tensor = tensor.to(type).to(at::kFloat);
  return state;
}

StateDict without_buffers(const StateDict& state) {
  StateDict parameters;
  for (const auto& [name, tensor] : state)
    if (name.ends_with("weight") || name.ends_with("bias")) parameters.emplace_back(name, tensor);
  return parameters;
}

StateDict views() {
  const at::Tensor base = golden::tensor("base.weight", {4, 6});
  return {{"base.weight", base},
          {"transposed", base.t().contiguous()},
          {"corner", base.slice(0, 1, 3).slice(1, 2, 5).contiguous()}};
}

// What make_files.py writes into a folder.
void expect_reads_python_files(const std::filesystem::path& folder) {
  const auto file = [&](const char* name) { return (folder / name).string(); };
  for (const char* name :
       {"zip.pth", "legacy.pth", "protocol4.pth", "nested.pth", "nested_twice_legacy.pth",
        "parallel.pth", "channels_last.pth", "double_legacy.pth"}) {
    SCOPED_TRACE(name);
    expect_same(read_weights(file(name)), tiny());
  }
  expect_same(read_weights(file("half.pth")), through(at::kHalf, tiny()));
  expect_same(read_weights(file("bfloat16.pth")), through(at::kBFloat16, tiny()));
  expect_same(read_weights(file("parameters.pth")), without_buffers(tiny()));
  expect_same(read_weights(file("views.pth")), views());
  expect_same(read_weights(file("views_legacy.pth")), views());

  const std::pair<const char*, const char*> bad[] = {
      {"bad_whole_model.pth", "WholeModel, not weights alone; save model.state_dict()"},
      {"bad_whole_model_legacy.pth", "WholeModel, not weights alone; save model.state_dict()"},
      {"bad_evil.pth", "wants to call posix.system"},
      {"bad_evil_legacy.pth", "wants to call posix.system"},
      {"bad_tensor.pth", "holds no state_dict"},
      {"bad_no_weights.pth", "holds no weights (its keys: \"epoch\", \"losses\")"},
      {"bad_torchscript.pth", "is a TorchScript program"},
      {"bad_plain_pickle.pth", "none that torch.save wrote"},
  };
  for (const auto& [name, message] : bad)
    EXPECT_THAT([&] { read_weights(file(name)); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(file(name)), HasSubstr(message))));
}

// A python3 that has torch and torchvision, "" when there is none.
std::string python_with_torch() {
  for (const char* python : {"python3", "/usr/bin/python3"})
    if (std::system((python + " -c 'import torch, torchvision' 2>/dev/null"s).c_str()) == 0)
      return python + " -B"s;
  return "";
}

std::string safetensors(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + data;
}

TEST(Weights, ReadsEveryKindOfFileThatPythonOnceWrote) {
  expect_reads_python_files(kGolden / "files");
}

TEST(Weights, ReadsEveryKindOfFileThatPythonWritesNow) {
  const std::string python = python_with_torch();
  if (python.empty()) GTEST_SKIP() << "no python3 with torch and torchvision";
  const TestFolder folder;
  const std::string script = (kGolden / "make_files.py").string();
  ASSERT_EQ(std::system((python + " " + script + " " + folder / "").c_str()), 0);
  expect_reads_python_files(folder / "");
}

TEST(Weights, PythonLoadsStrictlyWhatWritePthWrote) {
  const std::string python = python_with_torch();
  if (python.empty()) GTEST_SKIP() << "no python3 with torch and torchvision";
  const TestFolder folder;
  auto network = make_network(network_named("resnet18"), 10, 1);
  network->to_channels_last();
  StateDict state = network->state();
  for (auto& [name, tensor] : state) tensor.copy_(golden::tensor(name, tensor.sizes().vec()));
  write_pth(folder / "w.pth", state);
  const std::string script = (kGolden / "check_pth.py").string();
  EXPECT_EQ(std::system((python + " " + script + " " + folder / "w.pth").c_str()), 0);
}

TEST(Weights, RoundTripInBothFormats) {
  const TestFolder folder;
  StateDict state = tiny();
  state.emplace_back("empty", at::empty({0, 3}));
  state.emplace_back("transposed", golden::tensor("x.weight", {3, 5}).t());
  state.emplace_back("gradient", golden::tensor("y.weight", {3}).requires_grad_());
  state.emplace_back("mask", at::ones({3}, at::kBool));
  write_pth(folder / "w.pth", state);
  write_safetensors(folder / "w.safetensors", state);
  expect_same(read_weights(folder / "w.pth"), state);
  expect_same(read_weights(folder / "w.safetensors"), state);
}

TEST(Weights, FormatIsReadFromTheContentNotTheName) {
  const TestFolder folder;
  write_safetensors(folder / "w.pth", tiny());
  expect_same(read_weights(folder / "w.pth"), tiny());
}

TEST(Weights, AFullDiskIsASystemErrorAndKeepsTheOldFile) {
  const TestFolder folder;
  const std::string path = folder / "w.pth";
  write_file(path, "old");
  const StateDict large{{"x.weight", at::zeros({1000, 1000})}};
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1 << 20, old_limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_THROW(write_pth(path, large), SystemError);
  EXPECT_THROW(write_safetensors(path, large), SystemError);
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / ""), {}), 1);
}

TEST(Weights, NamesWhatIsNoWeightFile) {
  const TestFolder folder;
  EXPECT_THAT([&] { read_weights(folder / "absent.pth"); },
              ThrowsMessage<InputError>(HasSubstr("absent.pth: there is no such file")));
  EXPECT_THAT([&] { read_weights(folder / ""); },
              ThrowsMessage<InputError>(HasSubstr("is a folder")));
  const std::pair<std::string, const char*> cases[] = {
      {"", "is empty"},
      {"hello, world, this is text", "no weight file"},
      {"{\"a\": 1,{", "no weight file"},
      {"<!DOCTYPE html>", "web page"},
      {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
      {"\xff\xd8\xff\xe0 JFIF", "photograph"},
      {"PK\x03\x04 and no more of a zip", "truncated or damaged"},
      {"\x80", "truncated"},
  };
  for (const auto& [content, message] : cases)
    EXPECT_THAT([&] { parse(content); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("w.pth"), HasSubstr(message))));
}

TEST(Weights, SafetensorsAreCheckedAgainstTheFile) {
  const auto header = [](const std::string& dtype, const std::string& shape,
                         const std::string& offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  const std::string eight(8, '\1');
  EXPECT_EQ(parse(safetensors(header("F32", "[2]", "[0,8]"), eight)).size(), 1U);
  const std::pair<std::string, const char*> cases[] = {
      {header("F32", "[2]", "[0,16]"), "do not fit the offsets"},
      {header("F32", "[4]", "[0,16]"), "truncated"},
      {header("F32", "[2]", "[8,0]"), "do not fit the offsets"},
      {header("F32", "[1]", "[4,8]"), "gap"},
      {header("F32", "[1]", "[0,4]"), "belong to no tensor"},
      {header("F32", "[-2]", "[0,8]"), "whole numbers"},
      {header("F32", "[2.0]", "[0,8]"), "whole numbers"},
      {header("F32", "[4611686018427387904,4]", "[0,0]"), "does not fit"},
      {header("F32", "[9223372036854775807]", "[0,8]"), "do not fit"},
      {header("F32", "[18446744073709551615]", "[0,8]"), "does not fit"},
      {header("F32", "[1,1,1,1,1,1,1,1,1,2]", "[0,8]"), "does not fit"},
      {header("F4", "[2]", "[0,8]"), "dtype"},
      {header("F32", "2", "[0,8]"), "shape"},
      {header("F32", "[2]", "[0]"), "data_offsets"},
      {R"({"a":1})", "no object"},
      {R"({"a":{}})", "shape"},
      {R"({})", "belong to no tensor"},
      {R"({"a":)", "w.pth"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_THAT([&] { parse(safetensors(text, eight)); },
                ThrowsMessage<InputError>(HasSubstr(message)))
        << text;
  const std::string twice = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                            R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_THAT([&] { parse(safetensors(twice, eight)); },
              ThrowsMessage<InputError>(HasSubstr("overlaps")));
}

// Every file that can be read, by name.
std::map<std::string, std::string> good_files() {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden / "files"))
    if (!entry.path().filename().string().starts_with("bad_"))
      files.emplace(entry.path().filename().string(), read_file(entry.path()));
  const TestFolder folder;
  write_pth(folder / "own.pth", tiny());
  write_safetensors(folder / "own.safetensors", tiny());
  for (const char* name : {"own.pth", "own.safetensors"})
    files.emplace(name, read_file(folder / name));
  return files;
}

TEST(Weights, EveryTruncationIsRefused) {
  for (const auto& [name, file] : good_files())
    for (std::size_t size = 0; size < file.size(); size += size < 64 ? 1 : 97)
      EXPECT_THROW(parse(file.substr(0, size)), InputError) << name << " cut to " << size;
}

TEST(Weights, NoMutationDoesWorseThanAnInputError) {
  constexpr int kMutations = 150;
  for (const auto& [name, file] : good_files()) {
    RandomStream random = RandomStream(7).derive(name);
    for (int i = 0; i < kMutations; ++i) {
      std::string mutated = file;
      const std::size_t flips = 1 + random.below(4);
      for (std::size_t flip = 0; flip < flips; ++flip) {
        const std::size_t at = random.below(mutated.size());
        switch (random.below(4)) {
          case 0:
            mutated[at] = static_cast<char>(random.bits());
            break;
          case 1:
            mutated[at] = static_cast<char>(mutated[at] ^ (1 << random.below(8)));
            break;
          case 2:
            mutated.erase(at, 1 + random.below(4));
            break;
          default:
            mutated.insert(at, 1 + random.below(4), static_cast<char>(random.bits()));
        }
      }
      try {
        for (const auto& [key, tensor] : parse(mutated)) EXPECT_TRUE(tensor.is_contiguous());
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("w.pth"));
      }
    }
  }
}

}  // namespace
}  // namespace frugal::model
