// SPDX-License-Identifier: MIT
#pragma once

/// What peers can be asked, one or all of a node: typed requests, each with its reply.
/// What peers ask of us: the questions to an inbound service.
#include "messages/requests.hpp"
#include "messages/service.hpp"
