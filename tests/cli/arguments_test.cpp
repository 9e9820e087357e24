// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

namespace dlock::cli {
namespace {

RunOptions parse(const std::vector<std::string>& arguments) {
    return std::get<RunOptions>(parse_arguments(arguments));
}

TEST(Arguments, KeyAndCommand) {
    const RunOptions run = parse({"run", "key", "--", "ls", "-n", "--", "-s"});
    EXPECT_EQ(run.key, "key");
    EXPECT_EQ(run.command, (std::vector<std::string>{"ls", "-n", "--", "-s"}));
    EXPECT_FALSE(run.wait);
    EXPECT_FALSE(run.shared || run.close || run.verbose || run.quiet);
    EXPECT_EQ(run.conflict_exit_code, 75);
}

TEST(Arguments, KeyBetweenDashes) {
    const RunOptions run = parse({"run", "-n", "--", "-key", "--", "ls"});
    EXPECT_EQ(run.key, "-key");
    EXPECT_EQ(run.command, std::vector<std::string>{"ls"});
    EXPECT_EQ(parse({"run", "--", "--", "--", "ls"}).key, "--");
    EXPECT_EQ(parse({"run", "--", "run", "--", "ls"}).key, "run");
    EXPECT_EQ(parse({"run", "run", "--", "ls"}).key, "run");
    EXPECT_EQ(parse({"run", "--", "", "--", "ls"}).key, "");
    EXPECT_EQ(parse({"run", "", "--", "ls"}).key, "");
}

TEST(Arguments, Options) {
    const RunOptions run = parse(
        {"run", "-so", "-w10s", "key", "-E", "7", "--url=a=b://c", "-q", "--verbose", "--", "ls"});
    EXPECT_TRUE(run.shared && run.close && run.quiet && run.verbose);
    EXPECT_EQ(run.wait, Seconds(10));
    EXPECT_EQ(run.conflict_exit_code, 7);
    EXPECT_EQ(run.url, "a=b://c");
    EXPECT_EQ(parse({"run", "-n", "k", "--", "ls"}).wait, Seconds(0));
    EXPECT_EQ(parse({"run", "-w", "1", "-w", "2", "k", "--", "ls"}).wait, Seconds(2));
    EXPECT_EQ(parse({"run", "--int", "--", "-5", "--", "ls"}).integer_key, -5);
    EXPECT_EQ(parse({"run", "--int", "-5", "--", "ls"}).integer_key, -5);
}

TEST(Arguments, Times) {
    const auto run = [](const std::vector<std::string>& times) {
        std::vector<std::string> all{"run", "k", "--", "ls"};
        all.insert(all.begin() + 1, times.begin(), times.end());
        return parse(all);
    };
    EXPECT_EQ(run({}).grace, Seconds(5));
    EXPECT_EQ(run({"--grace", "1h"}).grace, Seconds(3600));
    EXPECT_EQ(run({"--grace=500ms"}).grace, Seconds(0.5));
    EXPECT_EQ(run({"--grace", "0"}).grace, Seconds(0));
    EXPECT_THROW(run({"--grace", "soon"}), Failure);
    EXPECT_EQ(run({}).verify, Seconds(30));
    EXPECT_EQ(run({"--verify", "1.5m"}).verify, Seconds(90));
    EXPECT_EQ(run({"--verify=10ms"}).verify, Seconds(0.01));
    EXPECT_EQ(run({"--verify", "0"}).verify, Seconds(0));
    EXPECT_THROW(run({"--verify", "9ms"}), Failure);
    EXPECT_THROW(run({"--verify", "often"}), Failure);
}

TEST(Arguments, Fencing) {
    EXPECT_FALSE(parse({"run", "k", "--", "ls"}).fencing);
    EXPECT_TRUE(parse({"run", "--fencing", "k", "--", "ls"}).fencing);
}

TEST(Arguments, Init) {
    const auto init = [](const std::vector<std::string>& arguments) {
        return std::get<InitOptions>(parse_arguments(arguments));
    };
    EXPECT_FALSE(init({"init"}).url || init({"init"}).url_file);
    EXPECT_EQ(init({"init", "--url", "a://b"}).url, "a://b");
    EXPECT_EQ(init({"init", "--url-file=f"}).url_file, "f");
    EXPECT_TRUE(std::holds_alternative<Help>(parse_arguments({"init", "-h"})));
    EXPECT_THROW((void)init({"init", "key"}), Failure);
    EXPECT_THROW((void)init({"init", "--wait", "1"}), Failure);
    EXPECT_THROW((void)init({"init", "--url", "a://b", "--url-file", "f"}), Failure);
}

TEST(Arguments, WhatStandsBehindAFlagIsNoKey) {
    EXPECT_THROW(parse({"run", "-n5", "--", "ls"}), Failure);
    EXPECT_THROW(parse({"run", "-so-5", "--", "ls"}), Failure);
    EXPECT_EQ(parse({"run", "-n", "-5", "--", "ls"}).key, "-5");
}

TEST(Arguments, UrlsInTheWrongPlaceAreNotShown) {
    const std::string url = "mysql://u:s3cret@h";
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"run", "-w", url, "k", "--", "ls"},
          {"run", "--int", url, "--", "ls"},
          {"run", "--" + url, "k", "--", "ls"},
          {"run", url, url, "--", "ls"}}) {
        try {
            (void)parse(arguments);
            ADD_FAILURE() << "taken";
        } catch (const Failure& failure) {
            EXPECT_EQ(std::string(failure.what()).find("s3cret"), std::string::npos)
                << failure.what();
        }
    }
}

TEST(Arguments, UrlsAreOverwritten) {
    std::string program = "dlock";
    std::string run = "run";
    std::string url = "--url=mysql://u:p@h";
    std::string key = "key";
    std::string dashes = "--";
    std::string argument = "http://x";
    char* argv[] = {program.data(), run.data(),      url.data(), key.data(),
                    dashes.data(),  argument.data(), nullptr};
    const auto arguments = take_arguments(6, argv);
    EXPECT_EQ(arguments[1], "--url=mysql://u:p@h");
    EXPECT_EQ(url, std::string(url.size(), '*'));
    EXPECT_EQ(key, "key");
    EXPECT_EQ(argument, "http://x") << "the command's own";
}

}  // namespace
}  // namespace dlock::cli
