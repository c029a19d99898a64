"""Deciding: from voices to incidents."""
